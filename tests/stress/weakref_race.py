"""Weak references that die, are called back, and are looked up, with collections."""

import gc
import weakref

from _race import race


class Thing:
    pass


things = [Thing() for _ in range(16)]
refs = [weakref.ref(t) for t in things]
table = weakref.WeakValueDictionary()
keys = weakref.WeakKeyDictionary()
seen = weakref.WeakSet()
called = []


def replace(i):
    things[i % 16] = t = Thing()
    refs[i % 16] = weakref.ref(t, called.append)
    table[i % 16] = t
    keys[t] = i
    seen.add(t)
    weakref.finalize(t, called.append, None) if i % 50 == 0 else None


def look(i):
    t = refs[i % 16]()
    assert t is None or type(t) is Thing
    t = table.get(i % 16)
    assert t is None or type(t) is Thing
    for t in list(seen):
        assert type(t) is Thing
    weakref.getweakrefcount(things[i % 16]), len(table), list(keys.values())


def collect(i):
    if i % 40 == 0:
        gc.collect(0)
    if i % 400 == 0:
        gc.collect()
    del called[:]


race(replace, look, threads=2, rounds=500)
race(replace, look, collect, threads=1, rounds=600)
