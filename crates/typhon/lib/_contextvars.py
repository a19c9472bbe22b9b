"""Context variables (part of typhon's overlay; PEP 567).

A Context is a dict of its own; the current one is kept per thread.
"""

from _thread import _local

_MISSING = object()
_state = _local()


def _current():
    try:
        return _state.context
    except AttributeError:
        context = _state.context = Context()
        return context


class Context:
    __slots__ = ("_data", "_entered", "_previous", "__weakref__")

    def __init__(self):
        self._data = {}
        self._entered = False

    def __init_subclass__(cls):
        raise TypeError("type 'Context' is not an acceptable base type")

    def run(self, callable, /, *args, **kwargs):
        if self._entered:
            raise RuntimeError(f"cannot enter context: {self} is already entered")
        previous = _current()
        self._entered = True
        _state.context = self
        try:
            return callable(*args, **kwargs)
        finally:
            _state.context = previous
            self._entered = False

    def copy(self):
        new = Context()
        new._data = self._data.copy()
        return new

    def get(self, var, default=None, /):
        _check(var)
        return self._data.get(var, default)

    def __getitem__(self, var):
        _check(var)
        return self._data[var]

    def __contains__(self, var):
        _check(var)
        return var in self._data

    def __eq__(self, other):
        if not isinstance(other, Context):
            return NotImplemented
        return self._data == other._data

    __hash__ = object.__hash__

    def __len__(self):
        return len(self._data)

    def __iter__(self):
        return iter(self._data.copy())

    def keys(self):
        return self._data.copy().keys()

    def values(self):
        return self._data.copy().values()

    def items(self):
        return self._data.copy().items()


def _check(var):
    if not isinstance(var, ContextVar):
        raise TypeError(f"a ContextVar key was expected, got {var!r}")


class Token:
    __slots__ = ("_context", "var", "old_value", "_used")

    MISSING = _MISSING

    def __init__(self, *args):
        raise RuntimeError("Tokens can only be created by ContextVars")

    def __repr__(self):
        used = " used" if self._used else ""
        return f"<Token{used} var={self.var!r} at {id(self):#x}>"

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.var.reset(self)

    def __class_getitem__(cls, item):
        from types import GenericAlias
        return GenericAlias(cls, item)


class _Missing:
    def __repr__(self):
        return "<Token.MISSING>"


_MISSING = Token.MISSING = _Missing()


class ContextVar:
    __slots__ = ("name", "_default")

    def __init__(self, name, *, default=_MISSING):
        if not isinstance(name, str):
            raise TypeError("context variable name must be a str")
        self.name = name
        self._default = default

    def __init_subclass__(cls):
        raise TypeError("type 'ContextVar' is not an acceptable base type")

    def get(self, default=_MISSING, /):
        value = _current()._data.get(self, _MISSING)
        if value is not _MISSING:
            return value
        if default is not _MISSING:
            return default
        if self._default is not _MISSING:
            return self._default
        raise LookupError(self)

    def set(self, value, /):
        context = _current()
        token = object.__new__(Token)
        token._context = context
        token.var = self
        token.old_value = context._data.get(self, _MISSING)
        token._used = False
        context._data[self] = value
        return token

    def reset(self, token, /):
        if not isinstance(token, Token):
            raise TypeError(f"expected an instance of Token, got {token!r}")
        if token._used:
            raise RuntimeError(f"{token!r} has already been used once")
        if token.var is not self:
            raise ValueError(f"{token!r} was created by a different ContextVar")
        context = _current()
        if token._context is not context:
            raise ValueError(f"{token!r} was created in a different Context")
        token._used = True
        if token.old_value is _MISSING:
            context._data.pop(self, None)
        else:
            context._data[self] = token.old_value

    def __repr__(self):
        default = "" if self._default is _MISSING else f" default={self._default!r}"
        return f"<ContextVar name={self.name!r}{default} at {id(self):#x}>"

    def __class_getitem__(cls, item):
        from types import GenericAlias
        return GenericAlias(cls, item)


def copy_context():
    return _current().copy()


for _class in (Context, ContextVar, Token):
    _class.__module__ = "_contextvars"
del _class
