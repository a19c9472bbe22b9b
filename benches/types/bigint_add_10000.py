"""Adding ints of 10000 digits."""

from _bigint import bench, add

bench(add, 10000, 300000, 165412887)
