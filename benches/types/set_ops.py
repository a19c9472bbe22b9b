"""set: making, membership, adding, and the operations of two sets."""

import _path  # noqa: F401

SIZE = 2400
EXPECTED = {2400: 15191334}


def run(size):
    total = 0
    words = [f"w{i % 700}" for i in range(2000)]
    evens = set(range(0, 2000, 2))
    threes = set(range(0, 2000, 3))
    for n in range(size):
        seen = set()
        for word in words:
            if word not in seen:
                seen.add(word)
        total += len(seen) + len(evens & threes) + len(evens | threes) + len(evens - threes) + len(evens ^ threes)
        total += evens.issuperset(range(0, 100, 2)) + len(frozenset(words)) + sum(1 for i in range(500) if i in threes)
        copy = evens.copy()
        copy.discard(n)
        copy.update(threes)
        total += len(copy) + len({i % 97 for i in range(1000)})
    return total


if __name__ == "__main__":
    from _bench import main

    main(run, SIZE, EXPECTED)
