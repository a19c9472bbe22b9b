"""Condition, Semaphore, Event and Barrier in a ring of producers and consumers."""

import threading

condition = threading.Condition()
slots = threading.BoundedSemaphore(5)
go = threading.Event()
barrier = threading.Barrier(6)
waiting, taken = [], []
N = 1500


def producer(n):
    go.wait()
    for i in range(N):
        with slots:
            with condition:
                waiting.append((n, i))
                condition.notify() if i & 1 else condition.notify_all()
        if i % 300 == 0:
            barrier.wait()


def consumer(n):
    go.wait()
    for i in range(N):
        with condition:
            while not condition.wait_for(lambda: waiting, timeout=5):
                pass
            taken.append(waiting.pop())
        if i % 300 == 0:
            barrier.wait()


threads = [threading.Thread(target=f, args=(n,)) for n in range(3) for f in (producer, consumer)]
for t in threads:
    t.start()
go.set()
for t in threads:
    t.join()
assert len(taken) == 3 * N and len(set(taken)) == len(taken) and not waiting, "an item was lost or taken twice"
