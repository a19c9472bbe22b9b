"""Classes whose bases are replaced, and subclasses that come and go."""

import gc

from _race import race


class X:
    def f(self):
        return "x"


class Y:
    def f(self):
        return "y"


class Z(X):
    pass


class Under(Z):
    pass


o = Under()


def change(i):
    Z.__bases__ = (Y,) if i & 1 else (X,)


def use(i):
    assert o.f() in ("x", "y")
    assert super(Under, o).f() in ("x", "y")
    assert Under.__mro__[0] is Under and Under.mro()[-1] is object
    isinstance(o, X), issubclass(Under, Y)


def breed(i):
    kid = type(f"Kid{i}", (Under,), {"n": i})
    assert kid().n == i and kid in Under.__subclasses__()
    X.__subclasses__(), Y.__subclasses__()
    if i % 100 == 0:
        gc.collect()


race(change, use, breed, threads=2, rounds=1000)

# Of assignments at the same time one is the last, for all that is made from the bases.
for n in range(300):
    race(change, threads=2, rounds=2)
    base, = Z.__bases__
    assert Z.__mro__ == (Z, base, object) and Under.__mro__ == (Under, *Z.__mro__)
    assert Z in base.__subclasses__() and Z not in (Y if base is X else X).__subclasses__()
    assert o.f() == base.f(o) and Under.f is base.f
