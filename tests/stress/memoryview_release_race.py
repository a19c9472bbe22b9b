"""A memoryview that is released while others read, slice and cast it."""

from _race import race

shared = [memoryview(bytearray(64)) for _ in range(4)]


def release(i):
    old = shared[i & 3]
    shared[i & 3] = memoryview(bytearray(b"%064d" % i))
    old.release()


def read(i):
    v = shared[i & 3]
    v[3], v[5:9].tobytes(), v.cast("I").tolist(), v.tolist(), len(v), v.nbytes, bytes(v)
    with v[2:4] as part:
        part[0] = 65
    assert v.format == "B"


race(release, read, threads=2, rounds=2000)
