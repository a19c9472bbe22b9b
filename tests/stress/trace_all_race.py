"""Tracing and profiling of all threads, switched on and off while they run."""

import sys
import threading

from _race import race

seen = [0]


def trace(frame, event, arg):
    seen[0] += frame.f_lineno > 0
    return trace


def profile(frame, event, arg):
    seen[0] += 1


def switch(i):
    threading.settrace_all_threads(trace if i & 1 else None)
    threading.setprofile_all_threads(profile if i & 2 else None)


def own(i):
    sys.settrace(trace if i & 1 else None)
    sys.setprofile(None)


def work(i):
    def inner(n):
        try:
            return [x for x in range(n)] if n else 1 / n
        except ZeroDivisionError:
            return [0]

    def numbers():
        yield from inner(5)

    assert sum(numbers()) == 10 and inner(0) == [0]


race(switch, threads=1, rounds=100)
race(switch, own, work, threads=2, rounds=100)
threading.settrace_all_threads(None)
threading.setprofile_all_threads(None)
