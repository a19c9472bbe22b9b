"""A defaultdict whose missing keys several threads ask for at the same moment."""

from collections import Counter, defaultdict

from _race import race

lists = defaultdict(list)
counts = Counter()
nested = defaultdict(lambda: defaultdict(int))


def fill(i):
    lists[i % 500].append(i)
    nested[i % 20][i % 7] += 1


def count(i):
    counts[i % 10] += 1
    counts.update("abc")
    counts.subtract({"a": 1})
    counts.most_common(3)


def read(i):
    assert all(type(v) is list for v in list(lists.values()))
    dict(nested), lists.get(i), counts.total()


race(fill, count, read, threads=2, rounds=2000)
assert all(type(x) is int for v in lists.values() for x in v)
assert all(type(n) is int for n in counts.values())
