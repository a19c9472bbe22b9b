"""Adding ints of 10000 digits."""

import sys

import _path  # noqa: F401

SIZE = 300000
EXPECTED = {300000: 165412887}
DIGITS = 10000


def run(size):
    sys.set_int_max_str_digits(0)
    x = 7**(DIGITS * 1000 // 845)
    y = 3**(DIGITS * 1000 // 477)
    for n in range(size):
        x = (x + y) ^ n
    return x % 1_000_000_007


if __name__ == "__main__":
    from _bench import main

    main(run, SIZE, EXPECTED)
