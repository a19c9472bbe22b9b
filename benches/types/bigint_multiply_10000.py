"""Multiplying ints of 10000 digits."""

import sys

import _path  # noqa: F401

SIZE = 2000
EXPECTED = {2000: 335366652}
DIGITS = 10000


def run(size):
    sys.set_int_max_str_digits(0)
    x = 7**(DIGITS * 1000 // 845)
    y = 3**(DIGITS * 1000 // 477)
    total = 0
    for n in range(size):
        total ^= x * (y + n)
    return total % 1_000_000_007


if __name__ == "__main__":
    from _bench import main

    main(run, SIZE, EXPECTED)
