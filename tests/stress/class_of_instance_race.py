"""Objects whose class is replaced while others call their methods."""

from _race import race


class A:
    kind = "a"

    def name(self):
        return self.kind

    def __len__(self):
        return 1


class B:
    kind = "b"

    def name(self):
        return self.kind

    def __len__(self):
        return 2

    def __getattr__(self, name):
        return name


objects = [A() for _ in range(4)]


def change(i):
    o = objects[i % 4]
    o.__class__ = B if i & 1 else A
    o.value = i


def use(i):
    o = objects[i % 4]
    assert o.name() in ("a", "b") and len(o) in (1, 2)
    assert type(o) in (A, B) and isinstance(o, (A, B))
    assert type(getattr(o, "value", 0)) in (int, str)


race(change, use, threads=3)
