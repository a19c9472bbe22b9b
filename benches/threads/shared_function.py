"""All threads call one function, one closure, and read globals."""

from _threads import shared

SIZE = 700_000
STEP = 5


def make(n):
    def closure(x, y=2):
        return x * n + y

    return closure


def function(x):
    return x + STEP


closure = make(3)


def part(size):
    total = 0
    for i in range(size):
        total += function(i & 7) - closure(i & 7)
    full, rest = divmod(size, 8)
    expected = 3 * size - 2 * (full * 28 + rest * (rest - 1) // 2)
    return None if total == expected else f"{total} is not {expected}"


shared(SIZE, part)
