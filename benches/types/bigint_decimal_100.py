"""To decimal and back: ints of 100 digits."""

import sys

import _path  # noqa: F401

SIZE = 200000
EXPECTED = {200000: 661719378}
DIGITS = 100


def run(size):
    sys.set_int_max_str_digits(0)
    x = 7**(DIGITS * 1000 // 845)
    y = 3**(DIGITS * 1000 // 477)
    for n in range(size):
        x = int(str(x)) + y
    return x % 1_000_000_007


if __name__ == "__main__":
    from _bench import main

    main(run, SIZE, EXPECTED)
