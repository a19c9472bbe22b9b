"""Queue, LifoQueue, PriorityQueue and SimpleQueue: everything comes out once; shutdown."""

import queue
import threading

N = 2000


def run(q):
    out, ended = [], []

    def put(n):
        for i in range(N):
            q.put((n, i))

    def get():
        try:
            while True:
                out.append(q.get(timeout=10))
                if hasattr(q, "task_done"):
                    q.task_done()
        except queue.ShutDown:
            ended.append(1)

    def get_until_none():
        while (x := q.get()) is not None:
            out.append(x)

    simple = isinstance(q, queue.SimpleQueue)
    writers = [threading.Thread(target=put, args=(n,)) for n in range(3)]
    readers = [threading.Thread(target=get_until_none if simple else get) for _ in range(3)]
    for t in writers + readers:
        t.start()
    for t in writers:
        t.join()
    if simple:
        for _ in readers:
            q.put(None)
    else:
        q.join()
        q.shutdown()
    for t in readers:
        t.join()
    assert len(out) == len(set(out)) == 3 * N, f"{type(q)}: {len(out)}"


for q in (queue.Queue(10), queue.LifoQueue(), queue.PriorityQueue(5), queue.SimpleQueue()):
    run(q)
