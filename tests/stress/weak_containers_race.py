"""WeakKeyDictionary, WeakValueDictionary and WeakSet whose members die under way."""

import gc
import weakref

from _race import race


class K:
    def __init__(self, n):
        self.n = n


keys, values, members = weakref.WeakKeyDictionary(), weakref.WeakValueDictionary(), weakref.WeakSet()
alive = [K(n) for n in range(30)]


def fill(i):
    k = K(i)
    keys[k] = i
    values[i % 100] = k
    members.add(k)
    alive[i % 30] = k


def read(i):
    assert all(type(v) is int for v in keys.values())
    assert all(type(v) is K for v in values.values())
    assert all(type(m) is K for m in members)
    values.get(i % 100), len(keys), len(members), keys.keyrefs()[:2], values.valuerefs()[:2]


def collect(i):
    if i % 60 == 0:
        gc.collect(i % 3)


race(fill, read, collect, threads=2, rounds=1000)
