"""Multiplying ints of 10000 digits."""

from _bigint import bench, multiply

bench(multiply, 10000, 2000, 335366652)
