"""Abstract base classes that are registered with while others ask isinstance."""

import abc
import collections.abc
import functools

from _race import race


class Base(abc.ABC):
    pass


@functools.singledispatch
def kind(x):
    return "object"


def register(i):
    class New:
        pass

    Base.register(New)
    assert issubclass(New, Base) and isinstance(New(), Base)
    kind.register(New, lambda x: "new")
    assert kind(New()) == "new"


def ask(i):
    class Other:
        def __len__(self):
            return 0

    assert isinstance(Other(), collections.abc.Sized) and not isinstance(i, Base)
    assert not issubclass(Other, Base) and kind(i) == "object"


race(register, ask, threads=2, rounds=300)
