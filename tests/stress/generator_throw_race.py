"""Generators that threads advance, throw into and close at the same moment."""

from _race import race


class Stop(ValueError):
    pass


def numbers():
    n = 0
    while True:
        try:
            n += 1
            got = yield n
            if got:
                n = got
        except Stop:
            n = -1
        finally:
            n += 0


def outer():
    try:
        yield from numbers()
    finally:
        ended.append(1)


ended = []
shared = [outer() for _ in range(3)]


def step(i):
    assert type(next(shared[i % 3])) is int


def throw(i):
    shared[i % 3].throw(Stop())


def close(i):
    if i % 20 == 0:
        old = shared[i % 3]
        shared[i % 3] = outer()
        old.close()


def look(i):
    g = shared[i % 3]
    g.gi_running, g.gi_frame, g.gi_yieldfrom, g.gi_suspended, repr(g), g.gi_code


race(step, throw, close, look, threads=2)
