"""To decimal and back: ints of 1000000 digits."""

from _bigint import bench, decimal

bench(decimal, 1000000, 1, 775633932)
