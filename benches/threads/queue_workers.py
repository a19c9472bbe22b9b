"""A queue.Queue with one producer and T consumers, which do some work on each
item and put the result into a second queue."""

import sys
from queue import Queue

from _threads import arguments, report, timed

SIZE = 30_000


def work(n):
    x = n
    for _ in range(150):
        x = (x * 16807) % 2147483647
    return x


def main():
    size, threads = arguments(SIZE)
    jobs, results = Queue(maxsize=1000), Queue()

    def worker(index):
        if index == threads:
            for i in range(1, size + 1):
                jobs.put(i)
            for _ in range(threads):
                jobs.put(None)
            return
        while (n := jobs.get()) is not None:
            results.put((n, work(n)))

    # One thread more than asked for: the producer, which has little to do.
    seconds, cpu = timed(size, threads + 1, worker)
    got = sorted(results.get_nowait() for _ in range(results.qsize()))
    if [n for n, _ in got] != list(range(1, size + 1)):
        sys.exit(f"wrong result: {len(got)} items of {size}")
    for n, x in got[::100]:
        if x != work(n):
            sys.exit(f"wrong result for {n}")
    report(size, threads, seconds, cpu, "ok")


main()
