"""binary_trees.py of the single-thread programs, split over T threads."""

from _threads import split

split("binary_trees", 13)
