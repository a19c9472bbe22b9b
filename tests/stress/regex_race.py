"""Compiled patterns, their matches and scanners shared by threads."""

import re

from _race import race

pattern = re.compile(r"(?P<word>[a-zä]+)(\d*)|(?:x(?=y))")
text = "abc123 däf4 xyz " * 20
scanner = [pattern.finditer(text)]


def match(i):
    m = pattern.search(text, i % 100)
    assert m and m.group("word") and m.span()[0] >= i % 100
    assert len(pattern.findall(text)) == 60 and len(pattern.split("a1b2")) == 7
    assert pattern.sub(lambda m: m[1].upper(), "abc1") == "ABC"


def advance(i):
    assert type(next(scanner[0])) is re.Match


def renew(i):
    scanner[0] = pattern.finditer(text)
    re.compile(rf"a{{{i % 50}}}b").match("ab")
    if i % 100 == 0:
        re.purge()


race(match, advance, renew, threads=2, rounds=400)
