"""Files in memory that several threads write, read, seek and truncate."""

import io

from _race import race

raw, text = io.BytesIO(), io.StringIO()


def write(i):
    raw.write(b"x" * (i % 50))
    text.write("é" * (i % 50))
    if i % 100 == 0:
        raw.truncate(0), text.truncate(0)


def seek(i):
    raw.seek(i % 100), text.seek(i % 100)
    raw.getbuffer()[:1] if 0 else None


def read(i):
    assert set(raw.read(20)) <= {0, 120}
    assert set(text.read(20)) <= {"é", "\0"}
    raw.getvalue(), text.getvalue(), raw.tell(), text.readline(), list(raw)[:1]


race(write, seek, read, threads=2)
