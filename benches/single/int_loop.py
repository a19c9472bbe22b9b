"""Integer arithmetic in a while loop: a linear congruential generator and a
few bit operations."""

SIZE = 4_000_000
EXPECTED = {
    1000: 8262647,
    500_000: 4168513479,
    4_000_000: 32735761833,
}


def run(size):
    x = 12345
    acc = 0
    i = 0
    while i < size:
        x = (x * 1103515245 + 12345) & 0x7FFFFFFF
        if x & 1:
            acc += x >> 16
        else:
            acc ^= i
        i += 1
    return acc


if __name__ == "__main__":
    from _bench import main

    main(run, SIZE, EXPECTED)
