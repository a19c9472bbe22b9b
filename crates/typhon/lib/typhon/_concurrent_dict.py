"""`ConcurrentDict`: a dict whose read-modify-write steps are atomic.

All of them stand on one primitive, compare_swap(): on Typhon the runtime's, elsewhere
a lock that every change of the dict takes.
"""

_ABSENT = object()

try:
    from _typhon import compare_swap as _compare_swap

    _Base = dict
except ImportError:
    from threading import RLock as _RLock

    def _locked(name):
        method = getattr(dict, name)

        def changed(self, /, *args, **kwargs):
            with self._lock:
                return method(self, *args, **kwargs)

        changed.__name__ = name
        changed.__doc__ = method.__doc__
        return changed

    class _Base(dict):
        def __new__(cls, /, *args, **kwargs):
            self = super().__new__(cls, *args, **kwargs)
            self._lock = _RLock()
            return self

        for _name in ("__setitem__", "__delitem__", "__ior__", "clear", "pop", "popitem", "setdefault", "update"):
            locals()[_name] = _locked(_name)
        del _name

    def _compare_swap(self, key, old, new, absent, /):
        with self._lock:
            now = self.get(key, absent)
            if now is not old:
                return False
            if new is not absent:
                self[key] = new
            elif now is not absent:
                del self[key]
            return True


class ConcurrentDict(_Base):
    """A dict for many threads.

    What a dict does is atomic already, one operation at a time; these methods read,
    decide and write in one step. A function that they are given runs without any lock:
    it may use the dict, and it may be called again if another thread was faster. Values
    are compared by identity.
    """

    def replace(self, key, old, new):
        """Give `key` the value `new` if it has the value `old`; return whether it had."""
        return _compare_swap(self, key, old, new, _ABSENT)

    def remove(self, key, value):
        """Remove `key` if it has this value; return whether it had."""
        return _compare_swap(self, key, value, _ABSENT, _ABSENT)

    def get_or_create(self, key, create):
        """The value of `key`; create() makes it if there is none, and all threads get
        the same."""
        value = self.get(key, _ABSENT)
        if value is _ABSENT:
            value = self.setdefault(key, create())
        return value

    def compute(self, key, function, default=None):
        """Set `key` to function(value), or function(default) if it is not there; return
        the new value."""
        while True:
            old = self.get(key, _ABSENT)
            new = function(default if old is _ABSENT else old)
            if _compare_swap(self, key, old, new, _ABSENT):
                return new

    def add(self, key, amount=1):
        """Add `amount` to the value of `key`, which is 0 if it is not there; return the
        new value."""
        while True:
            old = self.get(key, _ABSENT)
            new = amount if old is _ABSENT else old + amount
            if _compare_swap(self, key, old, new, _ABSENT):
                return new

    def copy(self):
        """A ConcurrentDict with the same items."""
        return type(self)(self)

    def __repr__(self):
        return f"{type(self).__name__}({dict.__repr__(self)})"


ConcurrentDict.__module__ = "typhon"
