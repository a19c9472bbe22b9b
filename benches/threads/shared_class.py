"""All threads read the attributes of one class, call its methods and make instances."""

from _threads import shared

SIZE = 400_000


class Point:
    origin = 5
    scale = 3

    def __init__(self, x):
        self.x = x

    @classmethod
    def shifted(cls, x):
        return x + cls.origin

    @staticmethod
    def double(x):
        return x + x


def part(size):
    total = 0
    for i in range(size):
        total += Point.shifted(i & 7) + Point.double(i & 7) * Point.scale + Point(i & 7).x
    full, rest = divmod(size, 8)
    expected = 8 * (full * 28 + rest * (rest - 1) // 2) + 5 * size
    return None if total == expected else f"{total} is not {expected}"


shared(SIZE, part)
