"""A dict that grows and shrinks by powers of two while others look up and store."""

from _race import race

d = {}
lost = object()


def grow(i):
    base = (i % 8) * 1000
    for n in range(base, base + 200):
        d[n] = n


def shrink(i):
    base = (i % 8) * 1000
    for n in range(base, base + 200):
        d.pop(n, None)


def look(i):
    for n in range(0, 8000, 37):
        assert d.get(n, lost) in (n, lost)


race(grow, shrink, look, threads=2, rounds=150)
assert all(k == v for k, v in d.items())
