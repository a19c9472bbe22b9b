"""Deep chains of generators that delegate, advanced at several levels at once."""

from _race import race


def chain(depth):
    if depth == 0:
        n = 0
        while n < 50:
            n += 1
            yield n
        return n
    inner = chain(depth - 1)
    levels.append(inner)
    return (yield from inner)


levels = []


def renew():
    levels.clear()
    top = chain(12)
    next(top)
    levels.append(top)


def step(i):
    value = next(levels[i % len(levels)])
    assert type(value) is int


def send(i):
    levels[-1].send(i)


def look(i):
    g = levels[i % len(levels)]
    g.gi_running, g.gi_yieldfrom, g.gi_frame and g.gi_frame.f_lineno


renew()
race(step, send, look, lambda i: renew() if i % 40 == 0 else None, threads=2)
