"""Timers that fire and are cancelled, threads joined by several others at once."""

import threading

from _race import race

fired = []


def timers(i):
    t = threading.Timer(0.0005 * (i % 3), fired.append, [i])
    t.start()
    if i & 1:
        t.cancel()
    t.join()
    assert not t.is_alive()


def join_together(i):
    t = threading.Thread(target=fired.append, args=(i,), name=f"named{i}")
    others = [threading.Thread(target=t.join) for _ in range(3)]
    t.start()
    for o in others:
        o.start()
    for o in others:
        o.join()
    assert not t.is_alive() and t.ident and t.name == f"named{i}"


race(timers, join_together, threads=2, rounds=60)
