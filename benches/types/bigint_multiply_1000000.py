"""Multiplying ints of 1000000 digits."""

from _bigint import bench, multiply

bench(multiply, 1000000, 6, 664988086)
