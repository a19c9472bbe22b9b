"""Views of a bytearray that other threads want to resize, slice and release."""

from _race import race

b = bytearray(range(256)) * 4
view = memoryview(b)


def write(i):
    b[i % len(b)] = i & 255
    view[i % 100 : i % 100 + 4] = b"abcd"
    v = memoryview(b)[8:24].cast("I")
    v[0] = i
    v.release()


def resize(i):
    # Whether a view is alive is found out by a collection.
    if i % 50 == 0:
        b.append(1)


def read(i):
    assert len(view) == 1024 and len(view.tobytes()) == 1024
    b.find(b"abcd"), bytes(b[:9]), view[::-1].tolist()[:3], b.hex()[:8], view == b, hash(bytes(view[:5]))


race(write, resize, read, threads=2, rounds=1500)
assert len(b) == 1024, "resized while a view was held"
