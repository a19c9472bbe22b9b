"""threading.local, its subclasses and context variables: nobody sees another's values."""

import contextvars
import threading

from _race import race


class Own(threading.local):
    made = 0

    def __init__(self):
        self.items = []


local, own = threading.local(), Own()
var = contextvars.ContextVar("var", default=-1)


def body(i):
    me = threading.get_ident()
    local.me = me
    setattr(local, f"n{i % 30}", i)
    own.items.append(me)
    token = var.set(me)
    assert local.me == me and all(x == me for x in own.items[-20:])
    assert var.get() == me and contextvars.copy_context()[var] == me
    assert contextvars.copy_context().run(var.get) == me
    var.reset(token)
    if i % 50 == 0:
        del own.items[:]
        local.__dict__.clear()


def short(i):
    def inside():
        assert not hasattr(local, "me") and own.items == [] and var.get() == -1
        local.me = own.me = object()

    if i % 10 == 0:
        t = threading.Thread(target=inside)
        t.start()
        t.join()


race(body, short, threads=3, rounds=500)
