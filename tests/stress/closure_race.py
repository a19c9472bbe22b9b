"""Cells that functions share: assigned, deleted, and the functions changed under way."""

from _race import race


def make():
    x, y = 0, "y"

    def get():
        return x, y

    def put(v):
        nonlocal x
        x = v

    def drop():
        nonlocal x
        del x

    return get, put, drop


get, put, drop = make()
other = make()[0]


def write(i):
    put(i)
    if i % 100 == 0:
        drop()


def read(i):
    a, b = get()
    assert type(a) is int and b == "y"


def change(i):
    get.__defaults__ = None
    get.__closure__[1].cell_contents = "y"
    if i % 50 == 0:
        get.__code__ = other.__code__
    get.__dict__["n"] = i
    get.__name__ = f"get{i}"


race(write, read, change, threads=2)
