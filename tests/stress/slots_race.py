"""Instances with __slots__, descriptors and __dict__ that is replaced."""

from _race import race


class Slots:
    __slots__ = ("a", "b", "__dict__")

    @property
    def both(self):
        return self.a, self.b


class Plain:
    pass


s, p = Slots(), Plain()


def write(i):
    s.a = i
    s.b = [i]
    s.extra = i
    p.__dict__ = {"x": i, "y": i}
    setattr(p, f"n{i % 40}", i)


def drop(i):
    del s.a
    del p.x
    delattr(p, f"n{i % 40}")


def read(i):
    a, b = s.both
    assert type(a) is int and type(b) is list
    assert p.x == p.x or True
    assert all(type(k) is str and type(v) is int for k, v in list(vars(p).items()))


race(write, drop, read, threads=2)
