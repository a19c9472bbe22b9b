"""Executors, queues, timers, conditions and barriers, all at once."""

import queue
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed

from _race import race

q, s, lifo = queue.Queue(5), queue.SimpleQueue(), queue.PriorityQueue()
condition, event, semaphore = threading.Condition(), threading.Event(), threading.BoundedSemaphore(3)


def put(i):
    q.put(i, timeout=1)
    s.put(i)
    lifo.put((i % 7, i))
    with condition:
        condition.notify_all()
    event.set() if i % 2 else event.clear()


def get(i):
    assert type(q.get(timeout=1)) is int
    assert type(s.get(timeout=1)) is int
    assert type(lifo.get(timeout=1)) is tuple
    with semaphore, condition:
        condition.wait(0.0001)
    event.wait(0.0001)


race(put, get, threads=2, rounds=500, allowed=(queue.Full, queue.Empty))
with ThreadPoolExecutor(4) as pool:
    futures = [pool.submit(pow, n, 50, 97) for n in range(500)]
    for n, future in enumerate(futures):
        if n % 50 == 0:
            future.cancel()
    assert sum(1 for f in as_completed(futures)) == 500
    assert list(pool.map(str, range(100))) == [str(n) for n in range(100)]
timers = [threading.Timer(0.001, event.set) for _ in range(20)]
for t in timers:
    t.start()
for t in timers[::2]:
    t.cancel()
for t in timers:
    t.join()
