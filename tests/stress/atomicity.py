"""Each line of the table in docs/threads.md: four threads do one operation on a shared
object, and nothing is lost, doubled or half done."""

import collections
import heapq
import itertools
import queue
import sys
import threading

THREADS = 4
TIMES = 10_000


def hammer(work):
    """Runs work(thread, step) TIMES times in each of the threads, at the same time."""
    barrier = threading.Barrier(THREADS)
    failures = []

    def body(t):
        barrier.wait()
        try:
            for i in range(TIMES):
                work(t, i)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=body, args=(t,)) for t in range(THREADS)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if failures:
        raise failures[0]


ALL = THREADS * TIMES
EVERY = {(t, i) for t in range(THREADS) for i in range(TIMES)}


def list_append():
    made = []
    hammer(lambda t, i: made.append((t, i)))
    assert len(made) == ALL and set(made) == EVERY


def list_extend():
    made = []
    hammer(lambda t, i: made.extend([(t, i)] * 3))
    assert len(made) == 3 * ALL
    # What one call adds stays together.
    assert all(made[k] == made[k + 1] == made[k + 2] for k in range(0, len(made), 3))


def list_add_in_place():
    made = []

    def work(t, i):
        mine = made
        mine += [(t, i), (t, i)]

    hammer(work)
    assert len(made) == 2 * ALL and all(made[k] == made[k + 1] for k in range(0, len(made), 2))


def list_insert():
    made = []
    hammer(lambda t, i: made.insert(0, (t, i)) if i < 300 else None)
    assert len(made) == THREADS * 300 and len(set(made)) == THREADS * 300


def list_pop():
    given = list(range(ALL))
    got = [[] for _ in range(THREADS)]
    hammer(lambda t, i: got[t].append(given.pop()))
    assert not given and sorted(itertools.chain(*got)) == list(range(ALL))


def list_item():
    cells = [(0, 0)] * 8

    def work(t, i):
        cells[i % 8] = (t, t)
        a, b = cells[(i + 3) % 8]
        assert a == b

    hammer(work)


def list_slice():
    cells = [0] * 16

    def work(t, i):
        cells[:] = [t] * 16
        seen = cells[:]
        assert len(seen) == 16 and len(set(seen)) == 1

    hammer(work)


def list_reverse():
    cells = list(range(9))

    def work(t, i):
        cells.reverse()
        seen = cells.copy()
        assert seen == list(range(9)) or seen == list(range(8, -1, -1)), seen

    hammer(work)


def dict_item():
    table = {}

    def work(t, i):
        table[i % 50] = (t, t)
        a, b = table[i % 50]
        assert a == b and i % 50 in table

    hammer(work)
    assert sorted(table) == list(range(50))


def dict_setdefault():
    table = {}
    seen = [[] for _ in range(THREADS)]
    hammer(lambda t, i: seen[t].append(table.setdefault(i, (t, i))))
    # All threads got the same value for a key.
    assert all(column.count(column[0]) == THREADS for column in zip(*seen))


def dict_pop():
    table = dict.fromkeys(range(TIMES))
    got = [[] for _ in range(THREADS)]
    hammer(lambda t, i: got[t].append(i) if table.pop(i, 1) is None else None)
    assert not table and sorted(itertools.chain(*got)) == list(range(TIMES))


def dict_popitem():
    table = {i: -i for i in range(ALL)}
    got = [[] for _ in range(THREADS)]
    hammer(lambda t, i: got[t].append(table.popitem()))
    assert not table and sorted(k for k, v in itertools.chain(*got) if v == -k) == list(range(ALL))


def dict_copy():
    table = dict.fromkeys(range(20), 0)

    def work(t, i):
        table[20 + t] = i
        table.pop(20 + t)
        for seen in (list(table), dict(table), table.copy(), sorted(table)):
            assert 20 <= len(seen) <= 20 + THREADS

    hammer(lambda t, i: work(t, i) if i < 600 else None)


def set_add():
    made = set()
    hammer(lambda t, i: made.add((t, i)))
    assert made == EVERY


def set_discard():
    made = set(EVERY)

    def work(t, i):
        assert (t, i) in made
        made.discard((t, i))
        assert (t, i) not in made

    hammer(work)
    assert not made


def attribute():
    class Cell:
        pass

    cell = Cell()
    cell.pair = (0, 0)

    def work(t, i):
        cell.pair = (t, t)
        setattr(cell, f"x{i % 30}", (t, t))
        a, b = cell.pair
        c, d = getattr(cell, f"x{i % 30}")
        assert a == b and c == d

    hammer(work)


def global_variable():
    global shared
    shared = (0, 0)

    def work(t, i):
        global shared
        shared = (t, t)
        a, b = shared
        assert a == b

    hammer(work)


def deque_ends():
    line = collections.deque()
    got = [[] for _ in range(THREADS)]

    def work(t, i):
        line.append((t, i))
        got[t].append(line.popleft())

    hammer(work)
    assert not line and set(itertools.chain(*got)) == EVERY


def heap():
    pile = []
    got = [[] for _ in range(THREADS)]

    def work(t, i):
        heapq.heappush(pile, t * TIMES + i)
        got[t].append(heapq.heappop(pile))

    hammer(work)
    assert not pile and sorted(itertools.chain(*got)) == list(range(ALL))


def queues():
    for q in (queue.SimpleQueue(), queue.Queue(), queue.LifoQueue()):
        got = [[] for _ in range(THREADS)]

        def work(t, i):
            q.put((t, i))
            got[t].append(q.get())

        hammer(work)
        assert q.empty() and set(itertools.chain(*got)) == EVERY


def bytearray_extend():
    made = bytearray()
    hammer(lambda t, i: made.extend(bytes([t]) * 4))
    assert len(made) == 4 * ALL
    assert all(len(set(made[k : k + 4])) == 1 for k in range(0, len(made), 4))


def setattr_once():
    # An attribute is found by exactly one of those that delete it.
    class Cell:
        pass

    cells = [Cell() for _ in range(TIMES)]
    for c in cells:
        c.token = 1
    got = [0] * THREADS

    def work(t, i):
        try:
            del cells[i].token
        except AttributeError:
            return
        got[t] += 1

    hammer(work)
    assert sum(got) == TIMES


TABLE = [
    list_append, list_extend, list_add_in_place, list_insert, list_pop, list_item, list_slice, list_reverse,
    dict_item, dict_setdefault, dict_pop, dict_popitem, dict_copy, set_add, set_discard, attribute,
    setattr_once, global_variable, deque_ends, heap, queues, bytearray_extend,
]

for row in TABLE:
    if len(sys.argv) == 1 or row.__name__ in sys.argv[1:]:
        try:
            row()
        except BaseException as error:
            raise AssertionError(row.__name__) from error
