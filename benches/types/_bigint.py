"""What the programs about big ints share: two values of so many digits, one operation
again and again, the result modulo a prime."""

import sys

import _path  # noqa: F401
from _bench import main


def add(x, y, size):
    for n in range(size):
        x = (x + y) ^ n
    return x


def multiply(x, y, size):
    total = 0
    for n in range(size):
        total ^= x * (y + n)
    return total


def decimal(x, y, size):
    for n in range(size):
        x = int(str(x)) + y
    return x


def bench(operation, digits, size, expected):
    sys.set_int_max_str_digits(0)
    x = 7 ** (digits * 1000 // 845)
    y = 3 ** (digits * 1000 // 477)
    main(lambda size: operation(x, y, size) % 1_000_000_007, size, {size: expected})
