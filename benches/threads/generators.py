"""generators.py of the single-thread programs, split over T threads."""

from _threads import split

split("generators", 200_000)
