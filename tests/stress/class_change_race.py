"""Classes that change while threads call their methods: attributes, bases, slots, properties."""

from _race import race


class Base:
    def f(self):
        return 1


class Other:
    def f(self):
        return 2


class A(Base):
    pass


class B(A):
    pass


objects = [B() for _ in range(4)]


def call(i):
    o = objects[i % 4]
    assert o.f() in (1, 2, 3, 4, 5)
    assert isinstance(o, A)


def methods(i):
    match i % 4:
        case 0:
            A.f = lambda self: 3
        case 1:
            B.f = lambda self: 4
        case 2:
            del A.f
        case 3:
            del B.f


def shape(i):
    match i % 5:
        case 0:
            A.__bases__ = (Other,)
        case 1:
            A.__bases__ = (Base,)
        case 2:
            B.x = property(lambda self: i)
        case 3:
            del B.x
        case 4:
            objects[i % 4].__class__ = A if i % 2 else B


def attributes(i):
    o = objects[i % 4]
    o.y = i
    assert type(o.y) is int
    o.__dict__ = {"y": 1} if i % 3 else {}
    B.__subclasses__(), A.mro(), vars(B)


race(call, methods, shape, attributes, threads=2)
