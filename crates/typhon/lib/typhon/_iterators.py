"""Iterators that threads share: `threading`'s functions of Python 3.15.

Source: the documentation of `threading` in Python 3.15. Tests: tests/lang/threads.md.
"""

import functools
import threading

__all__ = ["concurrent_tee", "serialize_iterator", "synchronized_iterator"]


class serialize_iterator:
    """Give the items of an iterable to threads one at a time.

    Calls of __next__(), and of send(), throw() and close() where the iterator has them,
    happen one after the other.
    """

    __slots__ = ("_iterator", "_lock")

    def __init__(self, iterable):
        self._iterator = iter(iterable)
        self._lock = threading.Lock()

    def __iter__(self):
        return self

    def __next__(self):
        with self._lock:
            return next(self._iterator)

    def send(self, value, /):
        """Send a value to a generator."""
        with self._lock:
            return self._iterator.send(value)

    def throw(self, *exception):
        """Raise an exception in a generator."""
        with self._lock:
            return self._iterator.throw(*exception)

    def close(self):
        """Close a generator."""
        with self._lock:
            return self._iterator.close()


def synchronized_iterator(func):
    """Let the iterators that a function returns be shared by threads.

    For generator functions as a decorator, or around any callable:
    serial = synchronized_iterator(itertools.count).
    """

    @functools.wraps(func)
    def inner(*args, **kwargs):
        return serialize_iterator(func(*args, **kwargs))

    return inner


class _concurrent_tee:
    """One reader of a shared list of links [value, next link]; the last is empty."""

    __slots__ = ("iterator", "link", "lock")

    def __init__(self, iterable):
        if isinstance(iterable, _concurrent_tee):
            self.iterator, self.link, self.lock = iterable.iterator, iterable.link, iterable.lock
        else:
            self.iterator, self.link, self.lock = iter(iterable), [], threading.Lock()

    def __iter__(self):
        return self

    def __next__(self):
        link = self.link
        if not link:
            with self.lock:
                # Another reader may have filled it meanwhile.
                if not link:
                    link.extend((next(self.iterator), []))
        value, self.link = link
        return value


def concurrent_tee(iterable, n=2):
    """Return n iterators over the same items, each for one thread."""
    if n < 0:
        raise ValueError("n must be a non-negative integer")
    if n == 0:
        return ()
    first = _concurrent_tee(iterable)
    return (first, *(_concurrent_tee(first) for _ in range(n - 1)))


for _made in (serialize_iterator, synchronized_iterator, concurrent_tee, _concurrent_tee):
    _made.__module__ = "threading"
del _made
