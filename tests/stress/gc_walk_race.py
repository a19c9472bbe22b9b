"""gc.get_objects, get_referrers and get_referents while objects change and die."""

import gc

from _race import race

shared = {"list": [1, [2]], "dict": {}, "o": type("O", (), {})()}


def change(i):
    shared["list"] = [[i], {i: i}, (i,)]
    shared["dict"][i % 50] = [i]
    setattr(shared["o"], f"a{i % 20}", {i})


def walk(i):
    assert all(o is not None for o in gc.get_objects()[:100])
    gc.get_referents(shared, shared["list"], shared["o"])
    gc.get_referrers(shared["list"])[:2]
    gc.is_tracked(shared["dict"]), gc.get_stats(), gc.get_count()


def switch(i):
    gc.disable(), gc.enable(), gc.freeze(), gc.unfreeze(), gc.set_threshold(700 + i % 10)


race(change, threads=3, rounds=1000)
race(change, walk, switch, threads=2, rounds=25)
