"""fib_bigint.py of the single-thread programs, split over T threads."""

from _threads import split

split("fib_bigint", 60_000)
