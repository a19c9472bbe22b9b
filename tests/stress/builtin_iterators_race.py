"""enumerate, zip, map, filter, reversed, range and dict iterators, each shared."""

from _race import race

shared = {}
d = {n: n for n in range(300)}


def renew(i):
    shared[0] = enumerate(range(500))
    shared[1] = zip(range(500), range(500))
    shared[2] = map(abs, range(-250, 250))
    shared[3] = filter(None, range(500))
    shared[4] = reversed(list(range(500)))
    shared[5] = iter(range(500))
    shared[6] = iter(d.items())
    shared[7] = iter(bytearray(b"abc" * 100))
    shared[8] = iter(lambda: 5, 6)
    shared[9] = iter({n for n in range(300)})
    shared[10] = iter("é" * 400)


def advance(i):
    it = shared[i % 11]
    for _ in range(10):
        next(it)


def pairs(i):
    a, b = next(shared[1])
    assert type(a) is type(b) is int
    n, x = next(shared[0])
    assert type(n) is type(x) is int


def pickles(i):
    it = shared[i % 11]
    it.__reduce__(), it.__length_hint__()


renew(0)
race(lambda i: renew(i) if i % 30 == 0 else None, advance, pairs, pickles, threads=2)
