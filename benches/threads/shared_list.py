"""All threads read one list, by index and by iteration."""

from _threads import shared

SIZE = 2_000
ITEMS = list(range(1000))


def part(size):
    items = ITEMS
    total = 0
    for _ in range(size):
        for x in items:
            total += x
        for i in range(0, 1000):
            total -= items[i]
        total += items[-1] + len(items)
    expected = size * 1999
    return None if total == expected else f"{total} is not {expected}"


shared(SIZE, part)
