"""Views of a dict that changes: set operations, reversal, comparison."""

from _race import race

d = {n: str(n) for n in range(100)}
keys, values, items = d.keys(), d.values(), d.items()


def write(i):
    d[i % 300] = str(i % 300)
    d.pop((i * 7) % 300, None)
    if i % 300 == 0:
        d.clear()
        d.update((n, str(n)) for n in range(100))


def read(i):
    assert type(keys & {1, 2, 3}) is set
    keys | {i}, keys - {i}, keys ^ {i}, items & {(1, "1")}, keys.isdisjoint({-1}), keys == {1}
    assert all(str(k) == v for k, v in items)
    list(reversed(values)), len(keys), i in keys


race(write, read, threads=2)
assert all(str(k) == v for k, v in d.items())
