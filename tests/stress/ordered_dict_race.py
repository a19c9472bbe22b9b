"""An OrderedDict that threads fill, reorder, pop from both ends and iterate over."""

from collections import OrderedDict

from _race import race

d = OrderedDict((n, n) for n in range(50))


def writers(i):
    d[i % 100] = i
    d.move_to_end(i % 50, last=bool(i & 1))


def poppers(i):
    key, value = d.popitem(last=bool(i & 1))
    assert type(key) is int and type(value) is int
    d.pop(i % 100, None)


def readers(i):
    assert all(type(k) is int for k in d)
    list(reversed(d)), d == dict(d), d.copy(), i % 100 in d
    if i % 200 == 0:
        d.clear()


race(writers, poppers, readers, threads=2)
assert len(list(d)) == len(list(reversed(d))) == len(d), "the order and the table differ"
