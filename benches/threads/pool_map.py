"""concurrent.futures.ThreadPoolExecutor.map with T workers."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor

from _threads import arguments, report

SIZE = 10_000


def collatz(n):
    longest = 0
    for start in range(n, n + 8):
        steps = 0
        x = start
        while x != 1:
            x = x >> 1 if not x & 1 else 3 * x + 1
            steps += 1
        if steps > longest:
            longest = steps
    return longest


def main():
    size, threads = arguments(SIZE)
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(collatz, range(1, 2 * threads + 1)))
        cpu = time.process_time()
        start = time.perf_counter()
        lengths = list(pool.map(collatz, range(1, 8 * size, 8)))
        seconds = time.perf_counter() - start
        cpu = time.process_time() - cpu
    if len(lengths) != size or lengths[0] != 16 or (size > 121 and max(lengths[:122]) != 178):
        sys.exit(f"wrong result: {len(lengths)} {lengths[:3]}")
    report(size, threads, seconds, cpu, "ok")


main()
