"""Sorting: ints, floats, strings, tuples, with a key, and nearly sorted data."""

SIZE = 300_000
EXPECTED = {
    500: 781362040,
    40_000: 308579714,
    300_000: 97790906,
}


def numbers(size):
    x = 2463534242
    out = []
    for _ in range(size):
        x ^= (x << 13) & 0xFFFFFFFF
        x ^= x >> 17
        x ^= (x << 5) & 0xFFFFFFFF
        out.append(x)
    return out


def run(size):
    ints = numbers(size)
    first = sorted(ints)
    floats = sorted(n / 7.0 for n in ints)
    strings = sorted(map(str, ints))
    tuples = sorted((n & 255, n >> 8) for n in ints)
    by_key = sorted(ints, key=lambda n: n % 10007, reverse=True)
    nearly = first[:]
    for i in range(0, size - 10, 1000):
        nearly[i], nearly[i + 9] = nearly[i + 9], nearly[i]
    nearly.sort()
    if nearly != first:
        return "not sorted"
    mix = 0
    for i in range(0, size, 97):
        mix = (mix * 31 + first[i] + by_key[i] + tuples[i][1] + int(strings[i]) + int(floats[i])) % 1000000007
    return mix


if __name__ == "__main__":
    from _bench import main

    main(run, SIZE, EXPECTED)
