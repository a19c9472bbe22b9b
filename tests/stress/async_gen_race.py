"""Asynchronous generators and coroutines driven by hand from several threads."""

from _race import race


class Wait:
    def __await__(self):
        yield 1
        return 2


async def numbers():
    try:
        for n in range(100):
            assert await Wait() == 2
            yield n
    finally:
        closed.append(1)


async def use(source):
    return [x async for x in source][:3]


closed = []
shared = [numbers() for _ in range(3)]
tasks = [use(numbers()) for _ in range(3)]


def step(i):
    a = shared[i % 3].__anext__()
    a.send(None)
    try:
        a.send(None)
    except StopIteration as e:
        assert type(e.value) is int
    a.close()


def drive(i):
    tasks[i % 3].send(None)


def throw(i):
    shared[i % 3].athrow(ValueError("x")).send(None)


def renew(i):
    if i % 20 == 0:
        old, shared[i % 3] = shared[i % 3], numbers()
        try:
            old.aclose().send(None)
        except StopIteration:
            pass
    if i % 50 == 0:
        old, tasks[i % 3] = tasks[i % 3], use(numbers())
        old.close()


race(step, drive, throw, renew, threads=2, allowed=(RuntimeError, ValueError, StopIteration, StopAsyncIteration, TypeError))
