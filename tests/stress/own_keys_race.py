"""Keys whose __eq__ and __hash__ are Python code that changes the dict and the set."""

from _race import race

d, s = {}, set()


class Key:
    def __init__(self, n):
        self.n = n

    def __hash__(self):
        return self.n % 5

    def __eq__(self, other):
        if self.n % 97 == 0:
            d.clear()
            s.clear()
        return self.n == other.n


def write(i):
    k = Key(i % 40)
    d[k] = i
    s.add(k)
    s.discard(Key((i * 3) % 40))
    d.pop(Key((i * 5) % 40), None)


def read(i):
    d.get(Key(i % 40)), Key(i % 40) in s, len(d), list(s), d == d.copy(), s | {Key(1)}


race(write, read, threads=2, rounds=1000)
assert all(type(k) is Key and type(v) is int for k, v in d.items())
