"""Barriers that break, are aborted and reset while threads wait at them."""

import threading

from _race import race

barrier = threading.Barrier(2, timeout=0.05)
event = threading.Event()


def wait(i):
    n = barrier.wait(0.01)
    assert n in (0, 1)


def upset(i):
    barrier.abort() if i & 1 else barrier.reset()
    barrier.n_waiting, barrier.broken, repr(barrier)


def events(i):
    event.set() if i & 1 else event.clear()
    event.wait(0.0001)
    assert event.is_set() in (True, False)


race(wait, upset, events, threads=2, rounds=150)
