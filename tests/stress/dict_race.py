"""Threads insert into, delete from, iterate and copy one dict."""

import threading

table = {}
allowed = (KeyError, RuntimeError)
unexpected = []


def body(seed):
    x = seed
    try:
        for i in range(20_000):
            x = (x * 1103515245 + 12345) & 0x7FFFFFFF
            key = x % 200 if x & 1 else f"k{x % 200}"
            try:
                match i % 6:
                    case 0 | 1:
                        table[key] = i
                    case 2:
                        del table[key]
                    case 3:
                        assert table.get(key, 0) >= 0
                    case 4 if i % 60 == 4:
                        for k in table:
                            assert isinstance(k, (int, str))
                    case 5 if i % 60 == 5:
                        copy = dict(table)
                        assert len(list(copy.items())) == len(copy)
                if i % 5000 == 0:
                    table.clear()
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
assert len(table) == len(list(table)) == sum(1 for _ in table.items())
