"""Threads share generators and iterators: each value comes once, from a generator
that may refuse a second thread with ValueError."""

import threading

refused = [0] * 4
got = [[] for _ in range(4)]
unexpected = []


def numbers():
    for i in range(20_000):
        yield i


source = numbers()
shared = iter(list(range(20_000)))


def body(n):
    try:
        while True:
            try:
                got[n].append(next(source))
            except ValueError as error:
                assert "already executing" in str(error)
                refused[n] += 1
            except StopIteration:
                break
        for x in shared:
            assert 0 <= x < 20_000
    except BaseException as error:
        unexpected.append(error)


threads = [threading.Thread(target=body, args=(n,)) for n in range(4)]
for t in threads:
    t.start()
for t in threads:
    t.join()
if unexpected:
    raise unexpected[0]
everything = sorted(x for part in got for x in part)
assert everything == list(range(20_000)), len(everything)


# The last value of a short one, while another thread already comes to its end.
def three():
    yield 1
    yield 2
    yield 3


def share(me):
    for turn, generator in enumerate(short):
        at[me] = turn
        while at[1 - me] < turn:
            pass
        while True:
            try:
                taken[me].append(next(generator))
            except ValueError:
                pass
            except StopIteration:
                break


short = [three() for _ in range(3000)]
at = [-1, -1]
taken = [[], []]
threads = [threading.Thread(target=share, args=(me,)) for me in range(2)]
for t in threads:
    t.start()
for t in threads:
    t.join()
everything = sorted(taken[0] + taken[1])
assert everything == sorted([1, 2, 3] * len(short)), len(everything)
