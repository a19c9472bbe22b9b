"""Finalizers that bring their object back, raise, and use what other threads change."""

import gc
import sys
import threading
import weakref

from _race import race

sys.unraisablehook = lambda unraisable: None
saved, called = [], []
lock = threading.RLock()


class Phoenix:
    def __del__(self):
        saved.append(self)


class Angry:
    def __del__(self):
        called.append(1)
        raise ValueError("in a finalizer")


class Locking:
    def __del__(self):
        with lock:
            called.append(2)


def make(i):
    cycle = [Phoenix(), Angry(), Locking()]
    cycle.append(cycle)
    weakref.finalize(cycle[0], called.append, 3)
    with lock:
        saved[:] = saved[-10:]


def collect(i):
    if i % 50 == 0:
        gc.collect()
        del called[:]


race(make, collect, threads=2, rounds=800)
assert all(type(x) is Phoenix for x in saved)
