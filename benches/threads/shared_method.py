"""All threads call one bound method, of Python, and one that is built in."""

from _threads import shared

SIZE = 800_000


class Adder:
    def __init__(self, n):
        self.n = n

    def add(self, x):
        return x + self.n


ADD = Adder(4).add
GET = {i: i * 3 for i in range(8)}.get


def part(size):
    add, get = ADD, GET
    total = 0
    for i in range(size):
        total += add(i & 7) + get(i & 7)
    full, rest = divmod(size, 8)
    expected = 4 * (full * 28 + rest * (rest - 1) // 2) + 4 * size
    return None if total == expected else f"{total} is not {expected}"


shared(SIZE, part)
