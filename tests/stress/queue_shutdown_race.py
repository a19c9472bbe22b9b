"""Queues that are shut down, at once or not, while threads put and get."""

import queue

from _race import race

shared = [queue.Queue(3)]


def put(i):
    shared[0].put(i, timeout=0.01)


def get(i):
    q = shared[0]
    assert type(q.get(timeout=0.01)) is int
    q.task_done()


def stop(i):
    if i % 10 == 0:
        old, shared[0] = shared[0], queue.Queue(3)
        old.shutdown(immediate=bool(i & 1))
        old.qsize(), old.empty(), old.full(), old.is_shutdown


race(put, get, stop, threads=2, rounds=300, allowed=(queue.Full, queue.Empty, queue.ShutDown, ValueError))
