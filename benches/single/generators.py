"""Generators: a pipeline, yield from over a tree, send, generator expressions."""

SIZE = 1_500_000
EXPECTED = {
    500: (750500, 247, 62250, 12250),
    200_000: (120000200000, 131054, 9999900000, 2448775000),
    1_500_000: (6750001500000, 1048555, 562499250000, 137803312500),
}


def count(n):
    i = 0
    while i < n:
        yield i
        i += 1


def keep(source, mask):
    for x in source:
        if x & mask:
            yield x


def double(source):
    for x in source:
        yield x * 2


def walk(depth):
    if depth:
        yield from walk(depth - 1)
        yield depth
        yield from walk(depth - 1)


def average():
    total = n = 0
    value = 0
    while True:
        value = yield (total // n if n else 0)
        total += value
        n += 1


def run(size):
    a = sum(double(keep(count(size * 2), 5)))
    b = sum(walk(size.bit_length() - 2))
    averager = average()
    next(averager)
    c = 0
    for i in range(size):
        c += averager.send(i)
    d = sum(x * y for x in range(size // 100) for y in range(50))
    return a, b, c, d


if __name__ == "__main__":
    from _bench import main

    main(run, SIZE, EXPECTED)
