"""Adding ints of 1000000 digits."""

from _bigint import bench, add

bench(add, 1000000, 4000, 244524770)
