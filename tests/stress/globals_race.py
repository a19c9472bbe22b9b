"""Module globals and builtins that are set, deleted and shadowed while functions read them."""

import builtins

from _race import race

value = 0


def read(i):
    assert type(value) is int
    assert type(len("ab")) is int


def write(i):
    global value
    value = i
    globals()[f"name{i % 100}"] = i


def drop(i):
    global value
    if i % 10 == 0:
        del value
    globals().pop(f"name{i % 100}", None)


def shadow(i):
    if i & 1:
        globals()["len"] = lambda x: 5
    else:
        globals().pop("len", None)
    builtins.extra = i
    assert type(extra) is int  # noqa: F821


race(read, write, drop, shadow, threads=2)
