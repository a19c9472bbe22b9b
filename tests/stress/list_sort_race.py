"""A list that is sorted, with a key that changes it, while others write to it."""

from _race import race

items = list(range(200))


def sort(i):
    items.sort(key=lambda x: -x if i & 1 else x)


def sort_and_change(i):
    def key(x):
        if x == 50:
            items.append(x)
        return x

    items.sort(key=key)


def write(i):
    items.append(i % 200)
    items.insert(i % 20, i % 200)
    del items[-1]
    if len(items) > 400:
        del items[200:]


def read(i):
    assert all(type(x) is int for x in sorted(items))
    min(items), max(items), sum(items), items.count(i), items == items[:]


race(sort, sort_and_change, write, read, threads=1, rounds=400)
assert all(type(x) is int for x in items)
