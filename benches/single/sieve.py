"""List indexing and stores: the sieve of Eratosthenes up to LIMIT, element by
element, `size` times."""

LIMIT = 100_000

SIZE = 100
EXPECTED = {
    1: 109583,
    12: 1314996,
    100: 10958300,
}


def sieve(size):
    prime = [True] * (size + 1)
    prime[0] = prime[1] = False
    i = 2
    while i * i <= size:
        if prime[i]:
            for j in range(i * i, size + 1, i):
                prime[j] = False
        i += 1
    count = 0
    last = 0
    for i in range(size + 1):
        if prime[i]:
            count += 1
            last = i
    return count, last


def run(size):
    total = 0
    for _ in range(size):
        count, last = sieve(LIMIT)
        total += count + last
    return total


if __name__ == "__main__":
    from _bench import main

    main(run, SIZE, EXPECTED)
