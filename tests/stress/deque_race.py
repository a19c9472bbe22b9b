"""A deque that threads push to, pop from, rotate, index and iterate over."""

from collections import deque

from _race import race

d = deque(range(50), maxlen=200)


def ends(i):
    d.append(i)
    d.appendleft(-i)
    assert type(d.pop()) is int
    assert type(d.popleft()) is int


def middle(i):
    d.rotate(i % 5 - 2)
    d[i % 40] = i
    d.insert(i % 10, i)
    del d[0]


def readers(i):
    assert all(type(x) is int for x in list(d))
    d.index(i % 50), d.count(i), d.copy(), i in d, reversed(d)
    if i % 100 == 0:
        d.clear()
        d.extend(range(50))


race(ends, middle, readers, threads=2)
assert len(d) <= 200
