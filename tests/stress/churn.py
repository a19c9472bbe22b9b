"""Threads come and go while others allocate linked data that they share."""

import threading


class Node:
    def __init__(self, value, after):
        self.value = value
        self.after = after


heads = [None] * 8
unexpected = []


def allocate(seed):
    x = seed
    try:
        for i in range(4_000):
            x = (x * 69069 + 1) & 0xFFFFFFFF
            k = (x >> 8) % 8
            if i % 100 == 0:
                heads[k] = None
            heads[k] = Node([str(x), {"i": i}], heads[k])
            node = heads[(x >> 16) % 8]
            for _ in range(10):
                if node is None:
                    break
                assert int(node.value[0]) >= 0 and node.value[1]["i"] >= 0
                node = node.after
    except BaseException as error:
        unexpected.append(error)


for _ in range(10):
    threads = [threading.Thread(target=allocate, args=(n,)) for n in range(4)]
    for t in threads:
        t.start()
    for _ in range(20):
        short = threading.Thread(target=allocate, args=(99,), daemon=True)
        short.start()
        short.join(0.001)
    for t in threads:
        t.join()
if unexpected:
    raise unexpected[0]
