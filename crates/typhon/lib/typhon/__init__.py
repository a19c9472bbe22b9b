"""Concurrency for Python without a global lock.

Everything here also runs on CPython: where the runtime does not supply a native
form, a Python one takes its place.

    synchronized    a monitor per object, as a decorator of methods, functions, classes
    monitor         the monitor of an object, for `with`, wait() and notify()
    Atomic          a variable with atomic steps
    ConcurrentDict  a dict with atomic read-modify-write
    parallel        map and for_each over all cores
    DeadlockError   raised in a thread that would wait for ever

The module typhon.stackless has tasklets and channels, on greenlets.
"""

from typhon import parallel
from typhon._atomic import Atomic, DeadlockError
from typhon._concurrent_dict import ConcurrentDict
from typhon._monitor import monitor, synchronized

__all__ = ["Atomic", "ConcurrentDict", "DeadlockError", "monitor", "parallel", "synchronized"]
