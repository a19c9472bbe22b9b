"""method_calls.py of the single-thread programs, split over T threads."""

from _threads import split

split("method_calls", 150_000)
