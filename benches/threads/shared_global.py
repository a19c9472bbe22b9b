"""All threads read the globals of one module, and those of another through it."""

import math

from _threads import shared

SIZE = 900_000
FACTOR = 3
OFFSET = 4
TABLE = (1, 2, 3, 4)


def part(size):
    total = 0
    for i in range(size):
        total += (i & 7) * FACTOR + OFFSET + len(TABLE) + int(math.pi)
    full, rest = divmod(size, 8)
    expected = 3 * (full * 28 + rest * (rest - 1) // 2) + 11 * size
    return None if total == expected else f"{total} is not {expected}"


shared(SIZE, part)
