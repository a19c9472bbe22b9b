"""All threads read and write the attributes that one thread-local object has for each."""

import threading

from _threads import shared

SIZE = 600_000
LOCAL = threading.local()


def part(size):
    local = LOCAL
    local.total = 0
    local.step = 3
    for i in range(size):
        local.total += local.step + (i & 7)
    full, rest = divmod(size, 8)
    expected = 3 * size + full * 28 + rest * (rest - 1) // 2
    return None if local.total == expected else f"{local.total} is not {expected}"


shared(SIZE, part)
