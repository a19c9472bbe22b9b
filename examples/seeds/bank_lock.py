"""The article's cure for Listing 2 ("Python Threads and the Global Interpreter
Lock", 2007), in Python 3: the Bank's transfer holds a Lock.

Expected: the balance is 100,000.00, always. The exit code is 1 if it is not.

usage: bank_lock.py [--print] [--threads N] [--transfers N] [--seed N]
"""

import sys
from threading import Lock

from listing2_bank import Bank, run_bank

lock = Lock()


class LockedBank(Bank):
    def transfer(self, name, afrom, ato, amount):
        lock.acquire()
        try:
            if self.accounts[afrom] < amount:
                return
            self.accounts[afrom] -= amount
            self.accounts[ato] += amount
            if self._verbose:
                self.report(name, afrom, ato, amount)
        finally:
            lock.release()


if __name__ == "__main__":
    sys.exit(run_bank(LockedBank, "the Bank with a Lock", exact=True))
