"""What the single-thread programs share: size from argv, a check, one line out.

    result name=fib size=27 threads=1 seconds=0.5123 cpu=0.5119 check=ok

`check` is `unknown` for a size whose result nobody has written down.
"""

import os
import sys
import time


def report(size, threads, seconds, cpu, check):
    name = os.path.splitext(os.path.basename(sys.argv[0]))[0]
    print(
        f"result name={name} size={size} threads={threads} "
        f"seconds={seconds:.6f} cpu={cpu:.6f} check={check}"
    )


def verify(size, result, expected):
    if size not in expected:
        print(f"{size}: {result!r},", file=sys.stderr)
        return "unknown"
    if expected[size] != result:
        sys.exit(f"wrong result for size {size}: {result!r} is not {expected[size]!r}")
    return "ok"


def main(run, size, expected):
    """Times `run(size)`; argv may give another size."""
    size = int(sys.argv[1]) if len(sys.argv) > 1 else size
    cpu = time.process_time()
    start = time.perf_counter()
    result = run(size)
    seconds = time.perf_counter() - start
    cpu = time.process_time() - cpu
    report(size, 1, seconds, cpu, verify(size, result, expected))
