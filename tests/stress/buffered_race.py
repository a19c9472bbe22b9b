"""A pipe and its buffered ends: what is written arrives whole and once."""

import os
import threading

WRITERS, LINES = 4, 3000
r, w = os.pipe()
reader, writer = os.fdopen(r, "rb"), os.fdopen(w, "wb")


def write(n):
    for i in range(LINES):
        writer.write(b"%d %d\n" % (n, i))
        if i % 100 == 0:
            writer.flush()


seen = []


def read():
    while line := reader.readline():
        seen.append(line)


writers = [threading.Thread(target=write, args=(n,)) for n in range(WRITERS)]
readers = [threading.Thread(target=read) for _ in range(3)]
for t in writers + readers:
    t.start()
for t in writers:
    t.join()
writer.close()
for t in readers:
    t.join()
assert len(seen) == WRITERS * LINES and len(set(seen)) == len(seen), "lines were lost or torn"
