"""Executors: futures cancelled, waited for and called back while the pool shuts down."""

import concurrent.futures as cf

from _race import race

pool = [cf.ThreadPoolExecutor(3)]
called = []


def submit(i):
    f = pool[0].submit(lambda: i * 2)
    f.add_done_callback(called.append)
    if i % 3 == 0:
        f.cancel()
    assert f.result(timeout=10) == i * 2


def maps(i):
    assert list(pool[0].map(abs, range(-5, 0))) == [5, 4, 3, 2, 1]


def waits(i):
    fs = [pool[0].submit(pow, n, 2) for n in range(4)]
    done, rest = cf.wait(fs, timeout=10, return_when=cf.FIRST_COMPLETED)
    assert done and len(done) + len(rest) == 4
    assert sorted(f.result() for f in cf.as_completed(fs)) == [0, 1, 4, 9]


def restart(i):
    if i % 40 == 0:
        old, pool[0] = pool[0], cf.ThreadPoolExecutor(3)
        old.shutdown(wait=bool(i & 1), cancel_futures=bool(i & 2))


race(submit, maps, waits, restart, threads=2, rounds=120, allowed=(RuntimeError, cf.CancelledError))
pool[0].shutdown()
