"""Coroutines and asynchronous generators that several threads resume, throw into and close."""

import types

from _race import race


@types.coroutine
def pause(n):
    return (yield n)


async def work():
    total = 0
    try:
        while True:
            total += await pause(total) or 1
    finally:
        total = None


async def agen():
    n = 0
    while True:
        n += 1
        yield n


shared = [work() for _ in range(4)]
streams = [agen() for _ in range(4)]


def resume(i):
    assert type(shared[i % 4].send(None)) is int


def end(i):
    if i % 50 == 0:
        shared[i % 4].close()
        shared[i % 4] = work()
    elif i % 17 == 0:
        shared[i % 4].throw(KeyError(i))


def pull(i):
    try:
        streams[i % 4].__anext__().send(None)
    except StopIteration as stop:
        assert type(stop.value) is int
    except StopAsyncIteration:
        streams[i % 4] = agen()
    if i % 101 == 0:
        try:
            streams[i % 4].aclose().send(None)
        except StopIteration:
            pass


import warnings

warnings.simplefilter("ignore")
race(resume, end, pull, threads=2)
