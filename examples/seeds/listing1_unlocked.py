"""Listing 1 of "Python Threads and the Global Interpreter Lock" (Jesse Noller,
Python Magazine, December 2007), in Python 3: two threads increment one object
without a lock, and each believes that it was alone.

The article's two threads both claim `ob.get() == 2`; at most one can be right
when both increments are in. Here each thread increments as well, which the
listing's print leaves to the reader, and a second part does it many times.

Expected: after the first part the value is 2 or 3. After the second, the count
is at most THREADS * STEPS: updates may be lost, nothing else may happen. The
exit code is 1 if anything else does.

usage: listing1_unlocked.py [THREADS [STEPS]]        (default: 2 100000)
"""

import sys
from threading import Thread


class MyObject:
    def __init__(self):
        self._val = 1

    def get(self):
        return self._val

    def increment(self):
        self._val += 1


def once(name, ob):
    ob.increment()
    print(f"{name}: {ob.get() == 2}")


def many(ob, steps):
    for _ in range(steps):
        ob.increment()


def run(threads):
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    steps = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000

    ob = MyObject()
    run([Thread(target=once, args=(name, ob)) for name in ("t1", "t2")])
    if ob.get() not in (2, 3):
        sys.exit(f"wrong: two increments of 1 gave {ob.get()}")

    ob = MyObject()
    run([Thread(target=many, args=(ob, steps)) for _ in range(count)])
    done = ob.get() - 1
    lost = count * steps - done
    print(f"{count} threads, {steps} increments each: {done} counted, {lost} lost")
    # A lost update needs another update that wins, so something always counts.
    if not min(1, count * steps) <= done <= count * steps:
        sys.exit(f"wrong: {done} is no possible result")


if __name__ == "__main__":
    main()
