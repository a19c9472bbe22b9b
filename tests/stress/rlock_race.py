"""An RLock taken several deep, given up under a Condition, and asked about."""

import threading

from _race import race

lock = threading.RLock()
condition = threading.Condition(lock)
state = [0, 0]


def deep(i):
    with lock:
        state[0] += 1
        with lock, lock:
            state[1] += 1
            assert lock._is_owned()
        assert state[0] == state[1]


def wait(i):
    with lock:
        with condition:
            condition.wait(0.0002)
            assert state[0] == state[1]
            condition.notify_all()


def wrong(i):
    repr(lock), lock.acquire(timeout=0.0001) and lock.release()
    lock.release()


race(deep, wait, wrong, threads=2, rounds=1000)
assert state == [2000, 2000], state
