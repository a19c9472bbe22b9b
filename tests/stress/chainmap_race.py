"""ChainMap and mappingproxy over dicts that change."""

import types
from collections import ChainMap, UserDict, UserList

from _race import race

first, second = {}, {n: n for n in range(100)}
chain = ChainMap(first, second)
proxy = types.MappingProxyType(second)
user, items = UserDict(), UserList()


def write(i):
    chain[i % 60] = i
    second[i % 150] = i
    user[i % 30] = i
    items.append(i)
    if i % 50 == 0:
        first.clear()
        del items[:]


def read(i):
    assert all(type(v) is int for v in list(proxy.values()))
    chain.get(i % 150), len(chain), proxy.copy(), proxy | {}, dict(user), list(items)
    assert type(hash(tuple(items[:5]))) is int


race(write, read, threads=3, rounds=1500)
