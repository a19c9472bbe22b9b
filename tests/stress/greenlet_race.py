"""Threads with many greenlets each: they switch, throw, drop greenlets that wait, collect
garbage in the middle, reach for the greenlets of other threads, and end with greenlets
that have not ended. What a greenlet has on its stacks stays as it was."""

import gc
import random
import sys
import threading
from greenlet import GreenletExit, error, getcurrent, greenlet, settrace

THREADS = 4
ROUNDS = 6
shared = []
unexpected = []
ended = [0] * THREADS


def numbers(tag):
    for i in range(50):
        yield f"{tag}:{i}"


def body(tag, hub):
    """Keeps values in variables, in a generator, in a native caller's frame."""
    kept = [f"{tag}-{i}" for i in range(20)]
    source = numbers(tag)
    data = {}
    try:
        for i in range(30):
            got = hub.switch((tag, i))
            if isinstance(got, tuple):
                assert not got or got[0] == "go", got
            data[i] = next(source)
            if i % 7 == 0:
                kept.sort(key=lambda s: (hub.switch((tag, i)), s)[1])
            if i % 11 == 0:
                try:
                    raise LookupError(tag)
                except LookupError:
                    hub.switch((tag, i))
                    assert sys.exc_info()[1].args == (tag,)
        assert kept == sorted(f"{tag}-{i}" for i in range(20))
        return data
    finally:
        assert all(data[i] == f"{tag}:{i}" for i in data), data
        assert sorted(kept) == sorted(f"{tag}-{i}" for i in range(20))


def depth(n):
    return depth(n - 1) if n else getcurrent().parent.switch("bottom")


def endless():
    return endless()


def stubborn():
    while True:
        try:
            getcurrent().parent.switch("stubborn")
        except GreenletExit:
            pass


class Odd(greenlet):
    """Switches while its `run` is looked up."""

    def __getattribute__(self, name):
        if name == "run" and random.random() < 0.5:
            getcurrent().parent and greenlet(lambda: None).switch()
        return greenlet.__getattribute__(self, name)

    def __del__(self):
        assert isinstance(self, Odd)


def meddle(rng, n):
    """Other threads' greenlets: an answer or an error, nothing worse."""
    others = [g for owner, g in shared if owner != n]
    for g in rng.sample(others, min(5, len(others))):
        for what in (
            lambda: g.switch(1),
            lambda: g.throw(ValueError),
            lambda: setattr(g, "parent", getcurrent()),
            lambda: setattr(g, "run", None),
            lambda: g.gr_context,
            lambda: (g.dead, bool(g), repr(g), g.gr_frame, g._stack_saved, g.parent),
        ):
            try:
                what()
            except (error, ValueError, AttributeError, TypeError):
                pass


def work(n):
    rng = random.Random(n)
    hub = getcurrent()
    for _ in range(ROUNDS):
        alive = []
        for i in range(60):
            kind = rng.choice((greenlet, greenlet, Odd))
            g = kind(body)
            alive.append((g, f"{n}.{i}"))
        mine = []
        for g, tag in alive:
            r = g.switch(tag, hub)
            assert r == (tag, 0), r
            mine.append((g, tag))
        shared[:] = [(n, g) for g, _ in mine[:10]] + shared[:20]
        while mine:
            g, tag = mine[rng.randrange(len(mine))]
            what = rng.random()
            if what < 0.004:
                gc.collect()
            if what < 0.02:
                # Dropped in the middle.
                mine.remove((g, tag))
                alive = [a for a in alive if a[0] is not g]
                del g
                continue
            if what < 0.03:
                try:
                    g.throw(KeyError(tag))
                except KeyError as e:
                    assert e.args == (tag,)
            elif what < 0.04:
                meddle(rng, n)
            elif what < 0.05:
                frame = g.gr_frame
                names = []
                while frame is not None:
                    names.append(frame.f_code.co_name)
                    frame.f_locals
                    frame = frame.f_back
                assert names[-1] == "body", names
            else:
                r = g.switch(("go", tag))
                if g.dead:
                    assert isinstance(r, dict) and len(r) == 30, r
                else:
                    assert r[0] == tag, (r, tag)
            if g.dead:
                mine.remove((g, tag))
                ended[n] += 1
        d = greenlet(depth)
        assert d.switch(500) == "bottom"
        if rng.random() < 0.5:
            d.switch()
        try:
            greenlet(endless).switch()
        except RecursionError:
            pass
        greenlet(stubborn).switch()
        if rng.random() < 0.3:
            settrace(lambda event, pair: pair[0] is not pair[1] or None)
        else:
            settrace(None)
    # Some wait when the thread ends.
    for i in range(20):
        greenlet(body).switch(f"{n}.end{i}", hub)


def run(n):
    try:
        work(n)
    except BaseException as e:
        unexpected.append(e)


for _ in range(2):
    threads = [threading.Thread(target=run, args=(n,)) for n in range(THREADS)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
if unexpected:
    raise unexpected[0]
assert all(ended), ended
gc.collect()
