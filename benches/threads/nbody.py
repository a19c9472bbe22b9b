"""nbody.py of the single-thread programs, split over T threads."""

from _threads import split

split("nbody", 20_000)
