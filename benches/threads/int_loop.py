"""int_loop.py of the single-thread programs, split over T threads."""

from _threads import split

split("int_loop", 500_000)
