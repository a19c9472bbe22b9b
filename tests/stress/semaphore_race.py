"""Semaphores taken with and without waiting: never more holders than there is room for."""

import threading

from _race import race

sem = threading.Semaphore(3)
bounded = threading.BoundedSemaphore(2)
inside, most = [0], [0]
lock = threading.Lock()


def take(i):
    if sem.acquire(timeout=0.01 if i & 1 else None):
        with lock:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
        with lock:
            inside[0] -= 1
        sem.release()


def attempt(i):
    if bounded.acquire(blocking=False):
        bounded.release()


race(take, attempt, threads=4, rounds=1500)
assert most[0] <= 3 and inside[0] == 0, most
