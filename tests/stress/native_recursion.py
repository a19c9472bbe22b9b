"""Native code that calls native code, deep, in threads with small stacks.

CPython 3.14 dies of some of these, so they are no snippets of tests/lang.
"""

import functools
import itertools
import threading
import types

DEPTH = 30_000


def chain(make):
    it = iter([1])
    for _ in range(DEPTH):
        it = make(it)
    return next(it)


def methods():
    m = len
    for _ in range(DEPTH):
        m = types.MethodType(m, 1)
    m()


def partials():
    p = functools.partial(print)
    for _ in range(DEPTH):
        p = functools.partial(functools.partial.__call__, p)
    p()


def caches():
    f = len
    for _ in range(DEPTH):
        f = functools.lru_cache(f)
    f("")


CASES = [functools.partial(chain, make) for make in (
    functools.partial(map, int),
    functools.partial(filter, None),
    zip,
    enumerate,
    itertools.chain,
    itertools.cycle,
    itertools.accumulate,
    itertools.pairwise,
    lambda it: itertools.islice(it, 1),
    lambda it: itertools.takewhile(int, it),
)] + [methods, partials, caches]


def work():
    for case in CASES:
        try:
            case()
        except (RecursionError, TypeError, StopIteration):
            pass
    finished.append(1)


finished = []
for size in (0, 256 << 10):
    threading.stack_size(size)
    threads = [threading.Thread(target=work) for _ in range(2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
assert len(finished) == 4
