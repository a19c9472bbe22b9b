"""`synchronized`: one monitor per object, as in Java.

A monitor is re-entrant, and has wait(), notify() and notify_all(). It belongs to an
object for as long as the object lives, whoever asks for it.
"""

import functools
import types
from threading import Condition, RLock
from weakref import ref

# From an object's id to a weak reference to it and its monitor. An id may be used again
# before the old object's entry has gone, so the reference is looked at, too.
_monitors = {}
_creating = RLock()


def monitor(obj, /):
    """The monitor of an object, a threading.Condition:

    with monitor(account):
        while account.balance < amount:
            monitor(account).wait()
    """
    entry = _monitors.get(id(obj))
    if entry is not None and entry[0]() is obj:
        return entry[1]
    return _create(obj)


def _create(obj):
    key = id(obj)

    def forget(dead):
        with _creating:
            entry = _monitors.get(key)
            if entry is not None and entry[0] is dead:
                del _monitors[key]

    try:
        weak = ref(obj, forget)
    except TypeError:
        raise TypeError(f"{type(obj).__name__!r} objects have no monitor: no weak reference to them is possible") from None
    with _creating:
        entry = _monitors.get(key)
        if entry is None or entry[0]() is not obj:
            entry = _monitors[key] = (weak, Condition(RLock()))
    return entry[1]


class _Method:
    """A function of a class that runs in the monitor of its first argument."""

    def __init__(self, function):
        functools.update_wrapper(self, function)

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        return types.MethodType(self, instance)

    def __call__(self, /, *args, **kwargs):
        # Called for an instance, or by the class's name with the instance in front. A
        # function outside of a class has its own monitor.
        owner = args[0] if self._in_class and args else self
        with monitor(owner):
            return self.__wrapped__(*args, **kwargs)

    _in_class = False

    def __set_name__(self, owner, name):
        self._in_class = True

    def __repr__(self):
        return f"<synchronized {self.__wrapped__!r}>"


def _in_class(value):
    """A synchronized form of a class's attribute, or None if it has none."""
    match value:
        case types.FunctionType():
            new = _Method(value)
            new._in_class = True
            return new
        case staticmethod() | classmethod():
            return synchronized(value)
        case property():
            parts = (value.fget, value.fset, value.fdel)
            return property(*(part and _in_class(part) or part for part in parts), doc=value.__doc__)
    return None


# What runs before an object is anybody else's, or must not wait.
_FREE = {"__new__", "__init_subclass__", "__class_getitem__", "__set_name__", "__del__", "__repr__", "__getattribute__"}


def synchronized(what, /):
    """A decorator: what it decorates runs in a monitor, one thread at a time.

    A method runs in the monitor of its object, so all synchronized methods of one object
    exclude each other. A function runs in a monitor of its own. Of a class, every method
    and property is synchronized. Class methods run in the monitor of the class, static
    methods in one of their own.
    """
    match what:
        case type():
            for name, value in list(vars(what).items()):
                if name not in _FREE and (new := _in_class(value)) is not None:
                    setattr(what, name, new)
            return what
        case classmethod():
            new = _Method(what.__func__)
            new._in_class = True
            return classmethod(new)
        case staticmethod():
            function = what.__func__
            guarded = _Method(function)
            return staticmethod(_plain(guarded, function))
        case property():
            return _in_class(what)
    if not callable(what):
        raise TypeError(f"synchronized: a function, method or class is needed, not {type(what).__name__!r}")
    return _Method(what)


def _plain(guarded, function):
    @functools.wraps(function)
    def call(*args, **kwargs):
        return guarded(*args, **kwargs)

    return call
