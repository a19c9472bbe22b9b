"""lru_cache, cached_property, partial and singledispatchmethod shared by threads."""

import functools

from _race import race


@functools.lru_cache(maxsize=32)
def small(n):
    return n * 2


@functools.cache
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


class C:
    @functools.cached_property
    def slow(self):
        return [1]

    @functools.singledispatchmethod
    def kind(self, x):
        return "any"

    @kind.register
    def _(self, x: int):
        return "int"


c = C()
part = functools.partial(lambda *a, **k: (a, k), 1, k=2)


def call(i):
    assert small(i % 80) == i % 80 * 2
    assert fib(i % 60) >= 0 and fib(10) == 55


def clear(i):
    if i % 50 == 0:
        small.cache_clear()
        fib.cache_clear()
        c.__dict__.pop("slow", None)
    small.cache_info(), small.__wrapped__


def others(i):
    assert c.slow == [1] and c.kind(1) == "int" and c.kind("") == "any"
    a, k = part(i, z=3)
    assert a == (1, i) and k == {"k": 2, "z": 3}
    part.__setstate__((part.func, (1,), {"k": 2}, None))
    functools.reduce(lambda x, y: x + y, [1, 2, 3])


race(call, clear, others, threads=2, rounds=1500)
