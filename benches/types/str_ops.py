"""str: searching, splitting, joining, replacing, cases, predicates, slices, formatting."""

import _path  # noqa: F401

SIZE = 180_000
EXPECTED = {180000: 171763608}

TEXT = "The quick brown fox jumps over the lazy dog, again and again; 12345 Straße naïve 日本語 end"
WORDS = TEXT.split()


def run(size):
    total = 0
    for i in range(size):
        words = TEXT.split(" ")
        total += len("-".join(words)) + TEXT.find("naïve") + TEXT.rfind("again") + TEXT.count("a")
        total += len(TEXT.replace("again", "once")) + len(TEXT.upper()) + len(TEXT.lower())
        word = WORDS[i % 17]
        total += word.isalpha() + word.isdigit() + word.startswith("q") + word.endswith("n")
        total += len(word.center(20)) + len(word.zfill(9)) + len(word.title()) + len(word.strip("Te"))
        head, sep, tail = TEXT.partition(", ")
        total += len(head) + len(tail) + ("fox" in TEXT) + len(TEXT[i % 40 : 60]) + len(TEXT[::-1])
        total += len(TEXT.encode()) + ord(TEXT[i % 80]) + len("%s=%d" % (word, i)) + len("{}:{:>8}".format(word, i))
    return total


if __name__ == "__main__":
    from _bench import main

    main(run, SIZE, EXPECTED)
