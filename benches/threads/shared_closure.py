"""All threads call one closure, whose variables they read."""

from _threads import shared

SIZE = 800_000


def make(scale, offset):
    table = {"step": 2}

    def closure(x):
        return x * scale + offset + table["step"]

    return closure


CLOSURE = make(3, 4)


def part(size):
    closure = CLOSURE
    total = 0
    for i in range(size):
        total += closure(i & 7)
    full, rest = divmod(size, 8)
    expected = 3 * (full * 28 + rest * (rest - 1) // 2) + 6 * size
    return None if total == expected else f"{total} is not {expected}"


shared(SIZE, part)
