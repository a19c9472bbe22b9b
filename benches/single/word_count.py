"""Dict and str: counts the words of a generated text and ranks them."""

SIZE = 1_500_000
EXPECTED = {
    1000: (439, ("le", 27), 1000),
    200_000: (2040, ("hu", 3380), 200000),
    1_500_000: (2040, ("hu", 25205), 1500000),
}

SYLLABLES = "ba de fi go hu ka le mi no pu ra se ti vo zu".split()


def text(size):
    """`size` words of one to three syllables from a fixed generator."""
    x = 42
    line = []
    for _ in range(size):
        x = (x * 69069 + 1) & 0xFFFFFFFF
        n = x >> 8
        word = SYLLABLES[n % 15]
        if n & 1024:
            word += SYLLABLES[(n >> 4) % 15]
        if n & 2048:
            word = (word + SYLLABLES[(n >> 7) % 15]).capitalize()
        line.append(word)
        if len(line) == 12:
            yield " ".join(line) + "."
            line = []
    yield " ".join(line)


def run(size):
    counts = {}
    for line in text(size):
        for word in line.strip(".").lower().split():
            counts[word] = counts.get(word, 0) + 1
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return len(ranked), ranked[0], sum(n for _, n in ranked)


if __name__ == "__main__":
    from _bench import main

    main(run, SIZE, EXPECTED)
