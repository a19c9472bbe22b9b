"""Slice assignment, deletion, repetition and extension of a list by itself."""

from _race import race

items = list(range(64))


def assign(i):
    items[i % 20 : i % 20 + 5] = range(i % 9)
    items[::2] = [1] * len(items[::2])


def itself(i):
    items.extend(items)
    items[:] = items[:64]
    items[3:5] = items


def drop(i):
    del items[i % 30 : i % 30 + 3]
    del items[1::3]
    items *= 1
    if len(items) < 32 or len(items) > 500:
        items[:] = range(64)


def itself_in_place(i):
    global items
    held = items
    held += held[:3]
    held.reverse(), held.copy(), held * 2, [*held, *held], held.index(held[0])


race(assign, itself, drop, itself_in_place, threads=1, rounds=2000)
assert all(type(x) is int for x in items)
