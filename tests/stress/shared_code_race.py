"""One function on arguments of ever other types: its caches are written by all threads."""

from fractions import Fraction

from _race import race


class A:
    x = 1

    def m(self):
        return self.x


class B:
    def __init__(self):
        self.y = 0
        self.x = 2

    def m(self):
        return self.x


class C(A):
    __slots__ = ("z",)

    def __getitem__(self, i):
        return 3


def operate(a, b):
    return a + b, a * 2, a == b, not a


def access(o):
    return o.m() + o.x


def index(o, i):
    return o[i]


def iterate(o):
    total = 0
    for x in o:
        total += 1
    return total


PAIRS = [(1, 2), (1.5, 2.5), ("a", "b"), ([1], [2]), (Fraction(1, 2), 1), (1, 2.5), (1 << 70, 1), ((1,), (2,))]
EXPECTED = [operate(a, b) for a, b in PAIRS]
OBJECTS = [(A(), 2), (B(), 4), (C(), 2)]
INDEXED = [([5], 0, 5), ((6,), 0, 6), ({0: 7}, 0, 7), ("x", 0, "x"), (C(), 9, 3), (b"a", 0, 97), (range(3), 2, 2)]
ITERABLES = [([1, 2], 2), ((1,), 1), ({1, 2, 3}, 3), ({1: 2}, 1), ("abcd", 4), (range(5), 5)]


def body(i):
    n = i % len(PAIRS)
    assert operate(*PAIRS[n]) == EXPECTED[n]
    o, value = OBJECTS[i % 3]
    assert access(o) == value
    o, k, value = INDEXED[i % 7]
    assert index(o, k) == value
    o, n = ITERABLES[i % 6]
    assert iterate(o) == n
    assert iterate(x for x in o) == n


race(body, threads=8, rounds=5000)
