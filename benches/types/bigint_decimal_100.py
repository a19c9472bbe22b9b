"""To decimal and back: ints of 100 digits."""

from _bigint import bench, decimal

bench(decimal, 100, 200000, 661719378)
