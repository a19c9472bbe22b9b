"""`Atomic` and `DeadlockError`: the runtime's own, or a stand-in."""

try:
    from _typhon import Atomic, DeadlockError
except ImportError:
    from threading import Lock as _Lock

    class DeadlockError(RuntimeError):
        """A thread would wait for ever. Never raised without Typhon's deadlock guard."""

    DeadlockError.__module__ = "typhon"

    class Atomic:
        """A variable that threads share: each method is one atomic step.

        Integers and any other objects may be stored. compare_exchange() takes equal
        integers for the same, and compares other objects by identity.
        """

        __slots__ = ("__weakref__", "_lock", "_value")

        def __init__(self, value=0, /):
            self._lock = _Lock()
            self._value = value

        @property
        def value(self):
            """The value now."""
            return self._value

        @value.setter
        def value(self, value):
            with self._lock:
                self._value = value

        def load(self):
            """Return the value."""
            return self._value

        def store(self, value, /):
            """Set the value."""
            with self._lock:
                self._value = value

        def exchange(self, value, /):
            """Set the value and return the one that was replaced."""
            with self._lock:
                old, self._value = self._value, value
                return old

        def compare_exchange(self, expected, new, /):
            """Set the value to `new` if it is `expected`; return whether it was."""
            with self._lock:
                now = self._value
                if now is not expected and not (type(now) is type(expected) is int and now == expected):
                    return False
                self._value = new
                return True

        def add(self, amount=1, /):
            """Add `amount` and return the new value."""
            return self.update(lambda value: value + amount)

        def fetch_add(self, amount=1, /):
            """Add `amount` and return the value before that."""
            while True:
                old = self._value
                if self.compare_exchange(old, old + amount):
                    return old

        def update(self, function, /):
            """Set the value to function(value) and return it.

            The function may be called several times, if other threads change the value
            meanwhile; only the last call counts.
            """
            while True:
                old = self._value
                new = function(old)
                if self.compare_exchange(old, new):
                    return new

        def __repr__(self):
            return f"Atomic({self._value!r})"

    Atomic.__module__ = "typhon"
