"""Strings built, interned, hashed, formatted and encoded by all threads at once."""

import sys

from _race import race

parts = ["ä" * n + "z" for n in range(40)]


def build(i):
    s = "".join(parts[: i % 40])
    assert len(s) == sum(map(len, parts[: i % 40]))
    name = sys.intern(f"interned{i % 100}")
    assert name is sys.intern("interned" + str(i % 100))
    assert hash(s) == hash("".join(parts[: i % 40]))


def shared(i):
    s = parts[i % 40]
    assert s.upper().lower() == s.lower() and s.encode().decode() == s
    s.find("z"), s.split("z"), s.replace("ä", "o"), s.casefold(), s.isidentifier(), s.translate({228: "x"})
    "%s %d %5.2f" % (s, i, i / 7), f"{s:>50}{i:#x}", "{:,}".format(i)


def ints(i):
    n = 7**(i % 400)
    assert int(str(n)) == n and n * n // n == n and (n << 30) >> 30 == n


race(build, shared, ints, threads=2, rounds=1000)
