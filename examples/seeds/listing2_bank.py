"""Listing 2 of "Python Threads and the Global Interpreter Lock" (Jesse Noller,
Python Magazine, December 2007), in Python 3: a Bank of 100 accounts with 1,000
dollars each, and 100 threads that make 3,000 transfers each, without a lock.

Expected: the balance should be 100,000.00 and may go awry, because `-=` and `+=`
on a shared list element lose updates; money may appear or disappear, nothing
else may happen. bank_lock.py and synchronized.py are the cure. The exit code is
1 if a transfer raised or an account is not a number any more.

usage: listing2_bank.py [--print] [--threads N] [--transfers N] [--seed N]
  --print     one line for each transfer with the balance, as in the article
              (each one adds up all the accounts: slow); default: the summary
"""

import argparse
import random
import sys
import threading
from functools import reduce
from operator import add
from threading import Thread


class Bank:
    def __init__(self, naccounts, ibalance, verbose=False):
        self._naccounts = naccounts
        self._ibalance = ibalance
        self._verbose = verbose
        self.accounts = []
        for _ in range(self._naccounts):
            self.accounts.append(self._ibalance)

    def size(self):
        return len(self.accounts)

    def get_total_balance(self):
        return reduce(add, self.accounts)

    def transfer(self, name, afrom, ato, amount):
        if self.accounts[afrom] < amount:
            return
        self.accounts[afrom] -= amount
        self.accounts[ato] += amount
        if self._verbose:
            self.report(name, afrom, ato, amount)

    def report(self, name, afrom, ato, amount):
        print(
            "%-9s %8.2f from %2d to %2d Balance: %10.2f"
            % (name, amount, afrom, ato, self.get_total_balance())
        )


class Transfer(Thread):
    def __init__(self, bank, afrom, maxamt, transfers):
        super().__init__()
        self._bank = bank
        self._afrom = afrom
        self._maxamt = maxamt
        self._transfers = transfers

    def run(self):
        choices = range(self._bank.size())
        for _ in range(self._transfers):
            ato = random.choice(choices)
            amount = round(self._maxamt * random.random(), 2)
            self._bank.transfer(self.name, self._afrom, ato, amount)


def run_bank(make_bank, description, exact):
    """Runs the transfers on `make_bank(accounts, balance, verbose)` and checks
    the total: to the cent if `exact`. Returns the exit code."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--print", action="store_true", help="print each transfer")
    parser.add_argument("--threads", type=int, default=100)
    parser.add_argument("--transfers", type=int, default=3000)
    parser.add_argument("--seed", type=int)
    options = parser.parse_args()
    if options.seed is not None:
        random.seed(options.seed)

    failures = []
    threading.excepthook = lambda args: failures.append(args.exc_value)

    naccounts, initial_balance = 100, 1000
    bank = make_bank(naccounts, initial_balance, options.print)
    threads = [
        Transfer(bank, i % naccounts, 100, options.transfers)
        for i in range(options.threads)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    expected = naccounts * initial_balance
    total = bank.get_total_balance()
    awry = abs(total - expected) >= 0.005
    verdict = "awry" if awry else "right"
    print(
        f"{options.threads} threads, {options.transfers} transfers each: "
        f"balance {total:.2f} of {expected:.2f}: {verdict}"
    )
    if failures:
        print(f"wrong: {len(failures)} threads failed: {failures[0]!r}", file=sys.stderr)
        return 1
    if not all(type(account) in (int, float) for account in bank.accounts):
        print("wrong: an account is not a number", file=sys.stderr)
        return 1
    if exact and awry:
        print("wrong: the lock did not protect the balance", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(run_bank(Bank, "the Bank without a lock", exact=False))
