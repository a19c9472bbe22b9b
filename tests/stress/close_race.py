"""Files and pipes that are closed while others read, write and ask."""

import os

from _race import race

shared = {}


def reopen(i):
    n = i % 3
    old = shared.get(n)
    r, w = os.pipe()
    shared[n] = (open(r, "rb"), open(w, "wb", buffering=0))
    if old:
        old[1].close()
        old[0].close()


def write(i):
    shared[i % 3][1].write(b"x" * 10)


def look(i):
    r, w = shared[i % 3]
    r.closed, w.closed, r.readable(), repr(r), w.writable(), w.fileno(), r.isatty()


reopen(0), reopen(1), reopen(2)
race(reopen, write, look, threads=2, rounds=800)
for pair in shared.values():
    pair[1].close()
    pair[0].close()
