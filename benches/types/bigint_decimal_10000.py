"""To decimal and back: ints of 10000 digits."""

from _bigint import bench, decimal

bench(decimal, 10000, 300, 143102801)
