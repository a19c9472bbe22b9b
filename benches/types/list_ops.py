"""list: appending, popping, slicing, copying, searching, reversing, comparing, sorting by key."""

import _path  # noqa: F401

SIZE = 1400
EXPECTED = {1400: 1395898645}


def run(size):
    total = 0
    source = [(i * 7919) % 1009 for i in range(1000)]
    for n in range(size):
        items = []
        for value in source:
            items.append(value)
        half = items[250:750]
        items[100:200] = half[:50]
        items.extend(half)
        items.insert(3, n)
        total += items.pop() + items.pop(0) + items.count(5) + items.index(1008) + len(items)
        copy = items[:]
        copy.reverse()
        copy.sort()
        total += copy[10] + sum(copy) + max(items) + (copy == items) + (5 in items)
        copy.sort(key=lambda v: -v)
        total += copy[3] + len([v for v in copy if v & 1]) + len(copy * 2) + len(copy + items)
        while half:
            total += half.pop()
        total += sum(a < b for a, b in zip(items, copy))
    return total


if __name__ == "__main__":
    from _bench import main

    main(run, SIZE, EXPECTED)
