"""What the racy programs share: bodies that run at the same time on shared objects.

An ordinary exception of a body is the program's own business and is counted; what the
runtime must never do is checked by the programs: a SystemError, a wrong type, a value
that nobody has stored.
"""

import threading

ALLOWED = (ArithmeticError, AttributeError, BufferError, EOFError, ImportError, LookupError, NameError, OSError,
           ReferenceError, RuntimeError, TypeError, ValueError, StopIteration)


def race(*bodies, threads=4, rounds=3000, allowed=ALLOWED):
    """Calls body(i) `rounds` times in each of `threads` threads for each body."""
    start = threading.Barrier(threads * len(bodies))
    wrong, raised = [], [0]

    def run(body, first):
        start.wait()
        for i in range(first, first + rounds):
            try:
                body(i)
            except AssertionError as error:
                wrong.append(error)
                return
            except allowed:
                raised[0] += 1
            except BaseException as error:
                wrong.append(error)
                return

    pool = [threading.Thread(target=run, args=(body, n * 7)) for body in bodies for n in range(threads)]
    for thread in pool:
        thread.start()
    for thread in pool:
        thread.join()
    if wrong:
        raise SystemError(f"{len(wrong)} threads failed") from wrong[0]
    return raised[0]
