"""string_building.py of the single-thread programs, split over T threads."""

from _threads import split

split("string_building", 75_000)
