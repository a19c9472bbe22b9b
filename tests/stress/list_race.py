"""Threads append to, pop from, slice, sort and iterate one list."""

import threading

items = list(range(100))
allowed = (IndexError, ValueError)
unexpected = []


def body(seed):
    x = seed
    try:
        for i in range(20_000):
            x = (x * 69069 + 1) & 0xFFFFFFFF
            try:
                match (x >> 8) % 10:
                    case 0 | 1 | 2:
                        items.append(x)
                    case 3 | 4:
                        items.pop()
                    case 5:
                        items[x % (len(items) or 1)] = i
                    case 6:
                        assert items[x % 100] >= 0
                    case 7:
                        items[x % 50 : x % 50 + 3] = [1, 2, 3]
                    case 8 if i % 20 == 0:
                        assert all(y >= 0 for y in items)
                    case 9 if i % 50 == 0:
                        items.sort() if x & 65536 else items.reverse()
                if len(items) > 2000:
                    del items[100:]
            except allowed:
                pass
    except BaseException as error:
        unexpected.append(error)


threads = [threading.Thread(target=body, args=(n,)) for n in range(4)]
for t in threads:
    t.start()
for t in threads:
    t.join()
if unexpected:
    raise unexpected[0]
assert all(type(x) is int for x in items) and len(items) == len(items[:])
