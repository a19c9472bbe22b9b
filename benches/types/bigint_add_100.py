"""Adding ints of 100 digits."""

from _bigint import bench, add

bench(add, 100, 2000000, 195497858)
