"""Multiplying ints of 100 digits."""

from _bigint import bench, multiply

bench(multiply, 100, 1500000, 957498025)
