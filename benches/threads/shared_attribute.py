"""All threads read the attributes and call the methods of one object."""

from _threads import shared

SIZE = 700_000


class Config:
    scale = 3

    def __init__(self):
        self.offset = 7
        self.limit = 1 << 20

    def clip(self, x):
        return x if x < self.limit else self.limit


CONFIG = Config()


def part(size):
    config = CONFIG
    total = 0
    for i in range(size):
        total += config.clip(i & 15) * config.scale + config.offset
    full, rest = divmod(size, 16)
    expected = 3 * (full * 120 + rest * (rest - 1) // 2) + 7 * size
    return None if total == expected else f"{total} is not {expected}"


shared(SIZE, part)
