"""Event loops in several threads that call into each other."""

import asyncio
import threading

LOOPS, CALLS = 4, 150
loops = {}
ready = threading.Barrier(LOOPS)
results = []


async def add(a, b):
    await asyncio.sleep(0)
    return a + b


async def main(n):
    loops[n] = asyncio.get_running_loop()
    ready.wait()
    queue = asyncio.Queue(2)

    async def consume():
        return sum([await queue.get() for _ in range(CALLS)])

    task = asyncio.create_task(consume())
    for i in range(CALLS):
        other = loops[(n + i) % LOOPS]
        future = asyncio.run_coroutine_threadsafe(add(n, i), other)
        await queue.put(await asyncio.wrap_future(future))
        if i % 20 == 0:
            assert await asyncio.to_thread(pow, 2, 5) == 32
            other.call_soon_threadsafe(results.append, 1)
            lazy = asyncio.create_task(asyncio.sleep(100))
            await asyncio.sleep(0)
            lazy.cancel()
    total = await task
    assert total == sum(n + i for i in range(CALLS))


async def both(n):
    gate = asyncio.Event()
    gates[n] = (asyncio.get_running_loop(), gate)
    await main(n)
    with lock:
        finished.append(n)
        if len(finished) == LOOPS:
            for loop, g in gates.values():
                loop.call_soon_threadsafe(g.set)
    await gate.wait()


gates, finished, lock = {}, [], threading.Lock()
threads = [threading.Thread(target=lambda n=n: asyncio.run(both(n))) for n in range(LOOPS)]
for t in threads:
    t.start()
for t in threads:
    t.join()
assert sorted(finished) == list(range(LOOPS)), f"only {finished} came to their end"
