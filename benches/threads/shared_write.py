"""All threads write to one dict, one list and one object without a lock: updates
may get lost, nothing else may happen. No speed-up is expected of this one: the
machine passes the written cache lines around."""

from _threads import PARTS, shared

SIZE = 200_000


class Total:
    n = 0


COUNTS = {i: 0 for i in range(16)}
ITEMS = [0] * 16
TOTAL = Total()


def part(size):
    for i in range(size):
        k = i & 15
        COUNTS[k] += 1
        ITEMS[k] += 1
        TOTAL.n += 1


def finish(size):
    most = PARTS * size
    for name, n in ("dict", sum(COUNTS.values())), ("list", sum(ITEMS)), ("object", TOTAL.n):
        if type(n) is not int or not 0 < n <= most:
            return f"{name}: {n} of {most}"


shared(SIZE, part, finish)
