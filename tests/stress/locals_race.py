"""f_locals of one frame, which is suspended in a generator, written by several threads."""

from _race import race


def body():
    a = b = 0
    while True:
        a = yield a, b
        b = a


g = body()
next(g)
frame = g.gi_frame


def write(i):
    frame.f_locals["a"] = i
    frame.f_locals["new"] = i
    frame.f_locals.pop("new", None) if False else None


def step(i):
    a, b = g.send(i)
    assert type(a) is int and type(b) is int


def read(i):
    f = frame.f_locals
    assert set(f) >= {"a", "b"} and all(type(v) is int for v in dict(f).values())
    len(f), list(f.items()), f == f, f.copy(), frame.f_lineno


race(write, step, read, threads=2)
