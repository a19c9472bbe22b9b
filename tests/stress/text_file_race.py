"""One text file that threads write to, and others iterate over and seek in."""

import os
import tempfile

from _race import race

path = os.path.join(tempfile.mkdtemp(), "file")
f = open(path, "w+", encoding="utf-8")


def write(i):
    f.write(f"line {i} ü\n")
    if i % 50 == 0:
        f.flush()


def read(i):
    f.seek(0)
    f.readline(), f.tell(), f.read(7)
    if i % 200 == 0:
        f.truncate(0)


def attributes(i):
    f.name, f.encoding, f.closed, f.fileno(), repr(f), f.buffer.raw


race(write, read, attributes, threads=2, rounds=800)
f.close()
os.unlink(path)
os.rmdir(os.path.dirname(path))
