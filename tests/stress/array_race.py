"""One array.array, and one struct packed into shared memory."""

import array
import struct

from _race import race

a = array.array("q", range(100))
buffer = bytearray(64)


def write(i):
    a[i % len(a)] = i
    a.append(i)
    a.extend([1, 2])
    a.insert(3, i)
    struct.pack_into("<qd", buffer, 8, i, 1.5)


def shrink(i):
    assert type(a.pop()) is int
    del a[5:8]
    if len(a) < 50:
        a.extend(range(60))


def read(i):
    assert all(type(x) is int for x in a.tolist())
    memoryview(a)[2], a.tobytes(), a[1:5], a == a[:], a.index(a[1]), a.count(3), a.byteswap() if 0 else None
    assert struct.unpack_from("<d", buffer, 16)[0] in (0.0, 1.5)


race(write, shrink, read, threads=2, rounds=1500)
