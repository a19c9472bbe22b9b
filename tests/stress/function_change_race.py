"""A function whose code, defaults and annotations change while others call it."""

from _race import race


def f(a, b=1, *, c=2):
    return a + b + c


def one(a, b=1, *, c=2):
    return a


def many(a, b=1, *rest, c=2, **more):
    x = [a, b, c, rest, more]
    return len(x)


codes = [f.__code__, one.__code__, many.__code__]


def change(i):
    if i % 40 == 0:
        f.__code__ = codes[i // 40 % 3]
    f.__defaults__ = (i,) if i & 1 else (1, 2)
    f.__kwdefaults__ = {"c": i} if i & 1 else None
    f.__annotations__ = {"a": int}


def call(i):
    assert type(f(i)) is int
    f(i, 2), f(i, b=3), f(*(1, 2), **{"c": 3})


race(change, call, threads=3)
