"""mandelbrot.py of the single-thread programs, split over T threads."""

from _threads import split

split("mandelbrot", 160)
