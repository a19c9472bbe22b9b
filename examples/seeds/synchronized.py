"""The article's `synchronized` decorator ("Python Threads and the Global
Interpreter Lock", 2007), in Python 3: Java's keyword from a lock and `with`.

Expected: the balance is 100,000.00, always. The exit code is 1 if it is not.

usage: synchronized.py [--print] [--threads N] [--transfers N] [--seed N]
"""

import sys
from functools import wraps
from threading import Lock

from listing2_bank import Bank, run_bank


def synchronized():
    the_lock = Lock()

    def fwrap(function):
        @wraps(function)
        def new_function(*args, **kw):
            with the_lock:
                return function(*args, **kw)

        return new_function

    return fwrap


class SynchronizedBank(Bank):
    @synchronized()
    def transfer(self, name, afrom, ato, amount):
        super().transfer(name, afrom, ato, amount)


if __name__ == "__main__":
    sys.exit(run_bank(SynchronizedBank, "the Bank, synchronized", exact=True))
