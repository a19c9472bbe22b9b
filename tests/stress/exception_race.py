"""Exceptions that threads share: raised, chained, noted, printed at the same time."""

import traceback

from _race import race

shared = [ValueError(n) for n in range(4)]
group = ExceptionGroup("many", shared)


def again(i):
    try:
        try:
            raise shared[i % 4]
        except ValueError as e:
            raise shared[(i + 1) % 4] from e
    except ValueError as e:
        e.add_note("note") if i % 100 == 0 else None
        assert e.__traceback__ is None or e.__traceback__.tb_frame


def show(i):
    e = shared[i % 4]
    e.__traceback__ = e.__context__ = e.__cause__ = None
    traceback.format_exception(e)
    group.split(ValueError), group.derive(shared), repr(group)


race(again, threads=3, rounds=1500)
race(again, show, threads=2, rounds=150)
