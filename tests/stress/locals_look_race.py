"""f_locals of a generator's frame read by many threads while one at a time resumes it: who
looks always sees the variables, and nobody who resumes it hears that it is executing."""

import threading
from _race import race


def body():
    a = b = 0
    while True:
        a = yield a, b
        b = a


g = body()
next(g)
frame = g.gi_frame
lock = threading.Lock()


def step(i):
    with lock:
        try:
            g.send(i)
        except ValueError as error:
            raise AssertionError(str(error))


def look(i):
    f = frame.f_locals
    assert set(f) == {"a", "b"}, set(f)
    assert type(f["a"]) is int and type(f["b"]) is int


race(step, look, look, look, threads=6, rounds=300)
