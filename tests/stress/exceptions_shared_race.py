"""One exception object raised, annotated, chained and printed by several threads."""

import traceback

from _race import race

shared = ValueError("shared")
group = ExceptionGroup("group", [shared, TypeError("t"), ExceptionGroup("inner", [KeyError("k")])])


def throw(i):
    try:
        raise shared from (KeyError(i) if i & 1 else None)
    except ValueError as e:
        assert e is shared


def annotate(i):
    shared.add_note(f"note {i}")
    if i % 20 == 0:
        del shared.__notes__
    shared.args = (i,)
    shared.__traceback__ = None
    shared.with_traceback(None), str(shared), repr(shared)


def split(i):
    try:
        raise group
    except* ValueError as e:
        assert type(e) is ExceptionGroup
    except* TypeError:
        pass
    except* KeyError:
        pass


def show(i):
    traceback.format_exception(shared), traceback.format_exception(group)
    t = shared.__traceback__
    n = 0
    while t and n < 1000:
        t, n = t.tb_next, n + 1


race(throw, annotate, split, threads=2, rounds=500)
race(throw, annotate, split, show, threads=1, rounds=60)
