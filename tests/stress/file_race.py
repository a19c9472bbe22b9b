"""One file object, text and binary, that threads write, read, seek and close."""

import io
import os
import tempfile

from _race import race

handle, name = tempfile.mkstemp()
os.close(handle)
files = {}


def reopen():
    files["b"] = open(name, "w+b")
    files["t"] = open(name, "a+", encoding="utf-8")


reopen()
memory = io.BytesIO(b"x" * 100)
text = io.StringIO("line\n" * 20)


def write(i):
    files["b"].write(b"data" * 10)
    files["t"].write(f"line {i}\n")
    memory.write(b"abc")
    text.write("é")


def read(i):
    files["b"].seek(i % 100)
    assert type(files["b"].read(10)) is bytes
    files["t"].seek(0)
    assert type(files["t"].readline()) is str
    memory.seek(i % 50)
    assert type(memory.read(5)) is bytes
    text.seek(i % 10)
    assert type(text.readline()) is str


def close(i):
    if i % 200 == 0:
        for f in list(files.values()):
            f.close()
        reopen()
    files["b"].flush()
    files["b"].truncate(200)
    memory.truncate(50)


try:
    race(write, read, close, threads=2, rounds=1000)
finally:
    os.unlink(name)
