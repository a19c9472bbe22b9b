"""Iterators of itertools that several threads advance."""

import itertools

from _race import race

shared = {}


def renew(i):
    shared["tee"], shared["other"] = itertools.tee(iter(range(1000)))
    shared["chain"] = itertools.chain.from_iterable([range(50), [1, 2], "abc"] * 20)
    shared["product"] = itertools.product(range(9), repeat=3)
    shared["group"] = itertools.groupby(range(500), lambda x: x // 10)
    shared["islice"] = itertools.islice(itertools.count(), 10, 900, 3)
    shared["cycle"] = itertools.cycle(range(7))
    shared["acc"] = itertools.accumulate(range(500))
    shared["batched"] = itertools.batched(range(500), 7)
    shared["perm"] = itertools.permutations(range(6), 4)
    shared["zip"] = itertools.zip_longest(range(300), range(200), fillvalue=0)
    shared["pair"] = itertools.pairwise(range(500))


NAMES = ("tee", "other", "chain", "product", "islice", "cycle", "acc", "batched", "perm", "zip", "pair")


def advance(i):
    it = shared[NAMES[i % len(NAMES)]]
    for _ in range(20):
        x = next(it)
    assert type(x) in (int, str, tuple)


def groups(i):
    key, members = next(shared["group"])
    assert type(key) is int and all(type(x) is int for x in members)


def copies(i):
    shared["tee"].__copy__(), itertools.tee(shared["other"])


renew(0)
race(lambda i: renew(i) if i % 40 == 0 else None, advance, groups, copies, threads=2, rounds=2000)
