"""One iterator of each kind, shared: each item comes at most once where it is a list's."""

import itertools

from _race import race


def take(it):
    def body(i):
        try:
            value = next(it)
        except StopIteration:
            return
        assert value is not None
    return body


makers = [
    lambda: iter(list(range(5000))),
    lambda: iter(range(5000)),
    lambda: iter({n: n for n in range(2000)}.items()),
    lambda: iter(set(range(2000))),
    lambda: enumerate(range(5000)),
    lambda: zip(range(5000), range(5000)),
    lambda: map(str, range(5000)),
    lambda: filter(None, range(5000)),
    lambda: reversed(list(range(5000))),
    lambda: itertools.count(),
    lambda: itertools.chain(range(2000), range(3000)),
    lambda: itertools.cycle([1, 2, 3]),
    lambda: itertools.islice(range(9000), 0, 5000, 2),
    lambda: itertools.accumulate(range(5000)),
    lambda: itertools.groupby(range(5000), lambda n: n // 10),
    lambda: itertools.product(range(70), repeat=2),
    lambda: itertools.permutations(range(7)),
    lambda: itertools.pairwise(range(5000)),
    lambda: itertools.batched(range(9000), 3),
    lambda: itertools.tee(range(5000))[0],
    lambda: iter("a" * 5000),
    lambda: iter(b"a" * 5000),
]
for make in makers:
    race(take(make()), rounds=800)
