"""One Context entered by several threads: only one is in it at a time."""

import contextvars

from _race import race

var = contextvars.ContextVar("var")
shared = contextvars.copy_context()
inside = [0]


def enter(i):
    def run():
        inside[0] += 1
        assert inside[0] == 1, inside
        var.set(i)
        assert var.get() == i
        inside[0] -= 1

    shared.run(run)


def read(i):
    assert type(shared.get(var, 0)) is int
    len(shared), list(shared.items()), shared.copy() == shared, var in shared


race(enter, read, threads=3)
