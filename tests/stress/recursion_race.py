"""RecursionError in several threads at once, in Python and in native code."""

import threading

from _race import race


def down(n):
    return down(n + 1)


class Deep:
    def __repr__(self):
        return repr(self)

    def __eq__(self, other):
        return self == other

    def __getattr__(self, name):
        return getattr(self, name + "x")


def nested():
    items = []
    for _ in range(200_000):
        items = [items]
    return items


def body(i):
    for f in (down, lambda n: repr(Deep()), lambda n: Deep() == Deep(), lambda n: Deep().x,
              lambda n: sorted([1, 2], key=down)):
        try:
            f(0)
        except RecursionError:
            continue
        raise AssertionError("no RecursionError")


def deep_values(i):
    x, y = nested(), nested()
    try:
        repr(x)
        x == y
    except RecursionError:
        pass
    while x:
        x = x[0]


threading.stack_size(4 << 20)
race(body, threads=4, rounds=6)
race(deep_values, threads=2, rounds=2)
