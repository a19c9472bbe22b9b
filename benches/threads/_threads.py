"""What the thread programs share. The work is fixed; T threads divide it.

    program.py [SIZE|-] [T]        ("-": the default size; T: 1, 2, 4 or 8)

Output as in ../single/_bench.py, with the number of threads. The perfect
program takes 1/T of the time with T threads, as long as there are T cores.
"""

import os
import sys
import time
from threading import Barrier, Thread

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "single"))

from _bench import report, verify  # noqa: E402

PARTS = 32


def arguments(default_size):
    size = sys.argv[1] if len(sys.argv) > 1 else "-"
    threads = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    return (default_size if size == "-" else int(size)), threads


def timed(size, threads, worker):
    """Runs `worker(index)` in each thread; prints the line. `worker` returns an
    error text or None. Thread start is outside the measurement."""
    barrier = Barrier(threads + 1)
    errors = []

    def body(index):
        barrier.wait()
        try:
            error = worker(index)
            if error is not None:
                errors.append(error)
        except BaseException as error:
            errors.append(repr(error))

    pool = [Thread(target=body, args=(i,)) for i in range(threads)]
    for thread in pool:
        thread.start()
    cpu = time.process_time()
    start = time.perf_counter()
    barrier.wait()
    for thread in pool:
        thread.join()
    seconds = time.perf_counter() - start
    cpu = time.process_time() - cpu
    if errors:
        sys.exit(f"wrong result: {errors[0]}")
    return seconds, cpu


def split(name, part_size):
    """Runs the single-thread program `name` PARTS times with `part_size`."""
    size, threads = arguments(part_size)
    program = __import__(name)
    checks = []

    def worker(index):
        for _ in range(index, PARTS, threads):
            checks.append(verify(size, program.run(size), program.EXPECTED))

    seconds, cpu = timed(size, threads, worker)
    if len(checks) != PARTS:
        sys.exit(f"wrong result: {len(checks)} parts of {PARTS} ran")
    report(size, threads, seconds, cpu, checks[0])


def shared(default_size, part, finish=None):
    """Calls `part(size)` PARTS times, which returns an error text or None;
    `finish(size)` looks at the whole at the end and does the same."""
    size, threads = arguments(default_size)

    def worker(index):
        for _ in range(index, PARTS, threads):
            error = part(size)
            if error is not None:
                return error

    seconds, cpu = timed(size, threads, worker)
    error = finish(size) if finish else None
    if error is not None:
        sys.exit(f"wrong result: {error}")
    report(size, threads, seconds, cpu, "ok")
