"""bytes and bytearray: searching, splitting, joining, replacing, decoding, changing in place."""

import _path  # noqa: F401

SIZE = 180_000
EXPECTED = {180000: (109655092, 2000)}

DATA = b"GET /index.html HTTP/1.1\r\nHost: example.org\r\nAccept: */*\r\nUser-Agent: bench\r\n\r\n" + bytes(range(64))


def run(size):
    total = 0
    buffer = bytearray()
    for i in range(size):
        lines = DATA.split(b"\r\n")
        total += len(b",".join(lines)) + DATA.find(b"Accept") + DATA.count(b"\r\n") + len(DATA.replace(b"\r\n", b"\n"))
        total += len(DATA[i % 60 : 100]) + DATA[i % 100] + len(lines[0].decode("ascii")) + (b"Host" in DATA)
        total += DATA.startswith(b"GET") + len(lines[1].upper()) + len(lines[2].strip(b"Ac")) + len(lines[3].hex())
        buffer += lines[0]
        buffer.append(i & 0xFF)
        if len(buffer) > 2000:
            total += sum(buffer[:16])
            buffer[:1000] = b""
        total += int.from_bytes(DATA[:4], "big") & 0xFF
    return total, len(buffer)


if __name__ == "__main__":
    from _bench import main

    main(run, SIZE, EXPECTED)
