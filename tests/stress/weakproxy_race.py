"""Weak proxies and bound weak methods whose object dies while they are used."""

import weakref

from _race import race


class Thing:
    def __init__(self, n):
        self.n = n

    def get(self):
        return self.n

    def __len__(self):
        return 3


shared = {}


def renew(i):
    shared["o"] = o = Thing(i)
    shared["proxy"] = weakref.proxy(o, lambda p: None)
    shared["method"] = weakref.WeakMethod(o.get)
    shared["ref"] = weakref.ref(o)


def use(i):
    p = shared["proxy"]
    assert type(p.n) is int and len(p) == 3 and p.get() >= 0
    p.extra = i


def methods(i):
    m = shared["method"]()
    assert m is None or type(m()) is int
    o = shared["ref"]()
    if i % 100 == 0 and o is not None:
        assert weakref.getweakrefcount(o) >= 0 and type(weakref.getweakrefs(o)) is list
    hash(shared["ref"]), shared["ref"] == shared["ref"]


renew(0)
race(renew, use, methods, threads=2)
