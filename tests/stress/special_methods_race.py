"""Special methods that are put on a class and taken off while operators use them."""

from _race import race


class N:
    def __init__(self, v):
        self.v = v


a, b = N(1), N(2)
NAMES = ("__add__", "__eq__", "__lt__", "__getitem__", "__call__", "__iter__", "__hash__", "__bool__", "__repr__")


def put(i):
    name = NAMES[i % len(NAMES)]
    result = {"__iter__": iter([1]), "__hash__": 5, "__bool__": True, "__repr__": "N"}.get(name, 7)
    setattr(N, name, lambda *args: result)


def drop(i):
    delattr(N, NAMES[(i * 5) % len(NAMES)])


def use(i):
    match i % 9:
        case 0:
            assert a + b == 7
        case 1:
            assert (a == b) in (7, False)
        case 2:
            assert (a < b) == 7
        case 3:
            assert a[0] == 7
        case 4:
            assert a() == 7
        case 5:
            # Not all of it: where only `__getitem__` is left, there is no end.
            next(iter(a), None)
        case 6:
            assert type(hash(a)) is int
        case 7:
            assert bool(a) is True
        case 8:
            assert type(repr(a)) is str


race(put, drop, use, threads=2)


class Sized:
    pass


class Derived(Sized):
    pass


def size(i):
    Sized.__len__ = lambda self: i


# Of assignments at the same time one is the last, for operators as for the attribute.
for n in range(300):
    race(size, threads=4, rounds=2)
    assert len(Sized()) == Sized().__len__() and len(Derived()) == Derived().__len__()
