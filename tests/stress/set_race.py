"""Threads add to, remove from, combine and iterate shared sets."""

import threading

a, b = set(range(50)), set()
unexpected = []


def body(seed):
    x = seed
    try:
        for i in range(15_000):
            x = (x * 69069 + 1) & 0xFFFFFFFF
            k = (x >> 10) % 300
            try:
                match (x >> 20) % 8:
                    case 0 | 1:
                        a.add(k)
                    case 2:
                        a.discard(k)
                    case 3:
                        b.add(a.pop())
                    case 4:
                        assert (k in a) in (True, False)
                    case 5 if i % 10 == 0:
                        assert all(0 <= y < 300 for y in a | b)
                    case 6 if i % 10 == 0:
                        a.update(b)
                        b.intersection_update(a)
                    case 7:
                        for y in a:
                            assert y < 300
                            break
            except (KeyError, RuntimeError):
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
assert len(a) == len(list(a)) and all(type(x) is int for x in a)
