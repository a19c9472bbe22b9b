"""A bytearray that is resized, sliced, searched, and looked at through views."""

from _race import race

b = bytearray(b"x" * 100)


def resize(i):
    b.extend(b"abc" * (i % 7))
    del b[: i % 11]
    b += b"!"
    if len(b) > 500:
        b.clear()


def write(i):
    b[i % 50] = i & 0xFF
    b[5:10] = b"12345"
    b.insert(3, 65)
    b.reverse()


def read(i):
    assert type(bytes(b)) is bytes
    with memoryview(b) as m:
        assert len(m) == len(bytes(m))
    b.find(b"ab"), b.count(b"x"), b.upper(), b.hex(), b.split(b"!")


race(resize, write, read, threads=2)
