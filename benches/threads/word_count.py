"""word_count.py of the single-thread programs, split over T threads."""

from _threads import split

split("word_count", 200_000)
