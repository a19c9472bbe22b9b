"""All threads read one dict, with int and str keys."""

from _threads import shared

TABLE = {i: i * 3 for i in range(1000)}
NAMES = {f"name{i}": i for i in range(64)}
KEYS = list(NAMES)
SIZE = 600_000


def cycles(n, length):
    """The sum of `i % length` over `range(n)`."""
    full, rest = divmod(n, length)
    return full * (length * (length - 1) // 2) + rest * (rest - 1) // 2


def part(size):
    table, names, keys = TABLE, NAMES, KEYS
    total = 0
    for i in range(size):
        total += table[i % 1000] + names[keys[i & 63]]
    expected = 3 * cycles(size, 1000) + cycles(size, 64)
    return None if total == expected else f"{total} is not {expected}"




shared(SIZE, part)
