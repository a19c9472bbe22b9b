"""Listing 3 of "Python Threads and the Global Interpreter Lock" (Jesse Noller,
Python Magazine, December 2007), in Python 3: the benchmark harness. It calls a
function 1, 2, 4 and 8 times: one after another, in threads, and in processes,
and shows the best of N rounds and the speed-up over one after another.

Expected, where threads run on all cores: for f_fibonacci, as many calls as there
are cores take in threads little longer than one call. Each result is checked
where the module has a `check` function; the exit code is 1 if one is wrong.

usage: listing3.py [-n ROUNDS] [-c 1,2,4,8] [MODULE ...]
  MODULE   a file with a function_to_run function (default: all four f_*.py)
  "not yet" stands where this Python has no processes or sockets.
"""

import argparse
import os
import sys
from importlib import import_module
from threading import Thread
from timeit import Timer

NOT_YET = (ImportError, NotImplementedError)

function_to_run = None
failures = []


def call():
    try:
        function_to_run()
    except BaseException as error:
        failures.append(error)
        raise


class NoThread:
    def run(self):
        call()


class ThreadObject(Thread):
    def run(self):
        call()


def non_threaded(count):
    funcs = [NoThread() for _ in range(count)]
    for f in funcs:
        f.run()


def threaded(count):
    funcs = [ThreadObject() for _ in range(count)]
    for f in funcs:
        f.start()
    for f in funcs:
        f.join()


def processed(count):
    # fork, as in the article: the children find function_to_run as it is.
    from multiprocessing import get_context

    try:
        context = get_context("fork")
    except ValueError as error:
        raise NotImplementedError(str(error)) from error
    funcs = [context.Process(target=call) for _ in range(count)]
    for f in funcs:
        f.start()
    for f in funcs:
        f.join()
        if f.exitcode != 0:
            raise RuntimeError(f"a process ended with exit code {f.exitcode}")


def measure(way, count, rounds):
    """Best of `rounds`, in seconds; None: this Python cannot do it yet."""
    try:
        return min(Timer(lambda: way(count)).repeat(repeat=rounds, number=1))
    except NOT_YET:
        return None


def show_results(name, seconds, baseline):
    if seconds is None:
        print(f"{name:<26} not yet")
    else:
        print(f"{name:<26} {seconds:10.6f} seconds   {baseline / seconds:5.2f}x", flush=True)


def test_module(name, calls, rounds):
    global function_to_run
    print(f"{name} (best of {rounds})")
    module = import_module(name)
    try:
        if hasattr(module, "setup"):
            module.setup()
        function_to_run = module.function_to_run
        if hasattr(module, "check"):
            module.check()
    except NOT_YET as error:
        print(f"not yet: {type(error).__name__}: {error}\n")
        return

    for count in calls:
        baseline = measure(non_threaded, count, rounds)
        show_results(f"  non_threaded ({count} iters)", baseline, baseline)
        show_results(f"  threaded ({count} threads)", measure(threaded, count, rounds), baseline)
        show_results(f"  processes ({count} procs)", measure(processed, count, rounds), baseline)
        print()
    if hasattr(module, "teardown"):
        module.teardown()


def main():
    parser = argparse.ArgumentParser(description="Listing 3's benchmark harness")
    parser.add_argument("-n", "--rounds", type=int, default=10)
    parser.add_argument("-c", "--calls", default="1,2,4,8")
    parser.add_argument("modules", nargs="*")
    options = parser.parse_args()
    here = os.path.dirname(os.path.abspath(__file__))
    if here not in sys.path:
        sys.path.insert(0, here)
    calls = [int(count) for count in options.calls.split(",")]
    modules = options.modules or ["f_empty", "f_fibonacci", "f_urandom", "f_webfetch"]
    for name in modules:
        test_module(name.removesuffix(".py"), calls, options.rounds)
    if failures:
        sys.exit(f"wrong: {len(failures)} calls failed: {failures[0]!r}")


if __name__ == "__main__":
    main()
