"""Locks, conditions and queues under contention, with timeouts: exact counts."""

import queue
import threading

lock, rlock, condition = threading.Lock(), threading.RLock(), threading.Condition()
counts = [0, 0, 0]
jobs = queue.Queue(maxsize=10)
done = queue.SimpleQueue()


def body(n):
    for i in range(1_500):
        with lock:
            counts[0] += 1
        with rlock, rlock:
            counts[1] += 1
        if lock.acquire(timeout=0.0001):
            lock.release()
        with condition:
            counts[2] += 1
            condition.notify()
        jobs.put((n, i))


def consume():
    while (job := jobs.get()) is not None:
        done.put(job)


consumers = [threading.Thread(target=consume) for _ in range(2)]
threads = [threading.Thread(target=body, args=(n,)) for n in range(4)]
for t in consumers + threads:
    t.start()
for t in threads:
    t.join()
for _ in consumers:
    jobs.put(None)
for t in consumers:
    t.join()
assert counts == [6_000] * 3, counts
assert done.qsize() == 6_000, done.qsize()
assert len({done.get() for _ in range(6_000)}) == 6_000
