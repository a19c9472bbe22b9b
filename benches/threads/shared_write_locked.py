"""All threads write to one dict and one object under one lock: exact. No speed-up
is expected: the lock lets one thread in at a time."""

from threading import Lock

from _threads import PARTS, shared

SIZE = 300_000


class Total:
    n = 0


LOCK = Lock()
COUNTS = {i: 0 for i in range(16)}
TOTAL = Total()


def part(size):
    for i in range(size):
        with LOCK:
            COUNTS[i & 15] += 1
            TOTAL.n += 1


def finish(size):
    most = PARTS * size
    for name, n in ("dict", sum(COUNTS.values())), ("object", TOTAL.n):
        if n != most:
            return f"{name}: {n} of {most}"


shared(SIZE, part, finish)
