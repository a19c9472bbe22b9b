"""The package typhon: no update of an Atomic or a ConcurrentDict is lost."""

from typhon import Atomic, ConcurrentDict, parallel, synchronized

from _race import race

small, big, chain, table = Atomic(), Atomic(2**80), Atomic(None), ConcurrentDict()


class Account:
    balance = 0

    @synchronized
    def deposit(self):
        old = self.balance
        for _ in range(3):
            pass
        self.balance = old + 1


account = Account()


def add(i):
    small.add()
    big.fetch_add(1)
    chain.update(lambda rest: (i, rest and rest[0]))
    table.add(i % 5)
    table.compute("n", lambda n: n + 1, 0)
    account.deposit()


def others(i):
    table[f"k{i % 10}"] = i
    table.pop(f"k{(i + 3) % 10}", None)
    table.get_or_create(("o", i % 3), list).append(i)


race(add, others, threads=4, rounds=1500)
assert small.load() == 6000 == big.load() - 2**80 == account.balance, (small, big, account.balance)
assert sum(table[n] for n in range(5)) == 6000 == table["n"]
assert sum(len(table["o", n]) for n in range(3)) == 6000
for _ in range(20):
    assert list(parallel.map(lambda n: n * 2, range(500), workers=4)) == list(range(0, 1000, 2))
