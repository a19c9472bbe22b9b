"""struct: packing and unpacking records, whole buffers, one format compiled."""

import struct

import _path  # noqa: F401

SIZE = 600_000
EXPECTED = {600000: 42494074176}


def run(size):
    total = 0
    record = struct.Struct("<IHhqd8s")
    buffer = bytearray(record.size * 64)
    for i in range(size):
        data = struct.pack(">IBxH", i, i & 0xFF, i & 0xFFFF)
        a, b, c = struct.unpack(">IBxH", data)
        total += a + b + c
        record.pack_into(buffer, record.size * (i & 63), i, i & 0xFFFF, -1, -i, i / 2, b"name")
        total += record.unpack_from(buffer, record.size * (i & 63))[3]
    for _ in range(size // 1000):
        total += sum(values[0] for values in record.iter_unpack(buffer))
    return total


if __name__ == "__main__":
    from _bench import main

    main(run, SIZE, EXPECTED)
