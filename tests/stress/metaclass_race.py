"""Classes made by a metaclass in several threads, with __init_subclass__ and __set_name__."""

from _race import race

made = []


class Field:
    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, o, owner=None):
        return self.name


class Meta(type):
    def __new__(mcs, name, bases, ns, **kw):
        return super().__new__(mcs, name, bases, ns | {"made": True}, **kw)

    def __call__(cls, *args):
        return super().__call__(*args)


class Root(metaclass=Meta):
    def __init_subclass__(cls, tag=None, **kw):
        made.append(tag)


def make(i):
    class Kid(Root, tag=i):
        field = Field()
        __slots__ = ("x",)

    kid = Kid()
    kid.x = i
    assert kid.field == "field" and kid.x == i and Kid.made


def change(i):
    Root.extra = i
    assert type(Root.extra) is int
    Meta.flag = i


race(make, change, threads=2, rounds=400)
assert len(made) == 800
