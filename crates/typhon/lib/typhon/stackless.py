"""Tasklets and channels, as in Stackless Python, on greenlets.

    tasklet(function)(*args)    a tasklet that is ready to run
    channel()                   where tasklets meet to hand values over
    run()                       run all that are ready, until none is
    schedule()                  let the others run first

Tasklets take turns only where one of these says so; nothing interrupts them. Each thread
has its own, and a channel belongs to the thread that uses it first. What Stackless has
beyond that (pickling, time slices, channels between threads) is not here.
"""

import threading
from collections import deque

import greenlet

__all__ = [
    "TaskletExit",
    "channel",
    "getcurrent",
    "getmain",
    "getruncount",
    "run",
    "schedule",
    "schedule_remove",
    "tasklet",
]

TaskletExit = greenlet.GreenletExit


class _Scheduler(threading.local):
    """What a thread has: its main tasklet, who runs, who is ready to."""

    def __init__(self):
        self.ready = deque()
        self.main = self.current = _main_tasklet()


class tasklet:
    """A function that runs in turns with others.

    tasklet(function) binds the function, and a call of the tasklet gives the arguments
    and makes it ready.
    """

    def __init__(self, func=None, args=None, kwargs=None):
        self._greenlet = None
        self._thread = None
        self._channel = None
        self._message = None
        self._ready = False
        self.func = self.args = self.kwargs = None
        if func is not None or args is not None or kwargs is not None:
            self.bind(func, args, kwargs)

    def bind(self, func=None, args=None, kwargs=None):
        """Set the function, and the arguments if given; the tasklet is not made ready."""
        if self.alive and self._greenlet is not None and self._greenlet:
            raise RuntimeError("tasklet is already bound to a frame")
        if func is not None:
            if not callable(func):
                raise TypeError("tasklet function must be a callable")
            self.func = func
        if args is not None or kwargs is not None:
            self._prepare(args or (), kwargs or {})
        return self

    def setup(self, *args, **kwargs):
        """Give the arguments and make the tasklet ready."""
        self._prepare(args, kwargs)
        self.insert()
        return self

    __call__ = setup

    def _prepare(self, args, kwargs):
        if self.func is None:
            raise RuntimeError("the tasklet was not bound to a function")
        if self.alive:
            raise RuntimeError("tasklet is alive already")
        self.args, self.kwargs = args, kwargs
        self._thread = threading.get_ident()
        self._greenlet = greenlet.greenlet(self._life, parent=_state.main._greenlet)

    def _life(self, *_):
        """The whole life of the tasklet, in its greenlet."""
        try:
            # Someone may have thrown an exception in before it began.
            self._take()
            self.func(*self.args, **self.kwargs)
        except TaskletExit:
            pass
        except BaseException:
            # It goes to the main tasklet, which runs next.
            main = _state.main
            if main._channel is not None:
                main._channel._forget(main)
            elif main._ready:
                _state.ready.remove(main)
            self._leave(main)
            raise
        self._leave(_next())

    def _leave(self, following):
        self._greenlet.parent = following._greenlet
        _activate(following)

    def _take(self):
        message, self._message = self._message, None
        if message is not None:
            value, error = message
            if error is not None:
                raise error
            return value

    def _own(self):
        if self._thread != threading.get_ident():
            raise RuntimeError("the tasklet belongs to another thread")

    def insert(self):
        """Make it ready, behind all others."""
        self._own()
        if not self.alive:
            raise RuntimeError("You cannot run an unbound(dead) tasklet")
        if self._channel is not None:
            raise RuntimeError("You cannot run a blocked tasklet")
        if not self._ready and not self.is_current:
            _append(self)

    def remove(self):
        """Take it out of those that are ready."""
        self._own()
        if self._channel is not None:
            raise RuntimeError("You cannot remove a blocked tasklet.")
        if self._ready:
            self._ready = False
            _state.ready.remove(self)
        elif self.is_current:
            schedule_remove()
        return self

    def run(self):
        """Run it now; the current tasklet goes behind all others."""
        self._own()
        if not self.alive:
            raise RuntimeError("You cannot run an unbound(dead) tasklet")
        if self._channel is not None:
            raise RuntimeError("You cannot run a blocked tasklet")
        if self.is_current:
            return
        if self._ready:
            self._ready = False
            _state.ready.remove(self)
        _append(_state.current)
        _switch(self)

    def throw(self, exc=TaskletExit, val=None, tb=None, pending=False):
        """Raise an exception in it: now, or when it runs next."""
        if val is None:
            error = exc if isinstance(exc, BaseException) else exc()
        else:
            error = val if isinstance(val, BaseException) else exc(val)
        self._raise(error.with_traceback(tb) if tb is not None else error, pending)

    def raise_exception(self, exc, *args):
        """Raise exc(*args) in it, now."""
        self._raise(exc(*args), False)

    def kill(self, pending=False):
        """End it by a TaskletExit."""
        if self.alive:
            self._raise(TaskletExit(), pending)

    def _raise(self, error, pending):
        if self.is_current:
            raise error
        if not self.alive:
            if isinstance(error, TaskletExit):
                return
            raise RuntimeError("You cannot throw to a dead tasklet")
        self._own()
        if self._channel is not None:
            self._channel._forget(self)
        elif self._ready:
            self._ready = False
            _state.ready.remove(self)
        self._message = None, error
        if pending:
            _append(self)
            return
        current = _state.current
        current._ready = True
        _state.ready.appendleft(current)
        _switch(self)

    @property
    def alive(self):
        """Whether it has something to run still."""
        return self._greenlet is not None and not self._greenlet.dead

    @property
    def blocked(self):
        """Whether it waits for a channel."""
        return self._channel is not None

    @property
    def scheduled(self):
        """Whether it is ready, runs, or waits for a channel."""
        return self._ready or self._channel is not None or self.is_current

    @property
    def paused(self):
        """Whether it is alive and nothing will make it run."""
        return self.alive and not self.scheduled

    @property
    def is_current(self):
        """Whether it runs."""
        return self._thread == threading.get_ident() and _state.current is self

    @property
    def is_main(self):
        """Whether it is its thread's main tasklet."""
        return isinstance(self, _main_tasklet)

    @property
    def thread_id(self):
        """The thread that it belongs to."""
        return self._thread

    @property
    def frame(self):
        """The frame in which it waits."""
        return self._greenlet.gr_frame if self._greenlet is not None else None


class _main_tasklet(tasklet):
    """What the thread runs before there is another tasklet."""

    def __init__(self):
        super().__init__()
        self._greenlet = greenlet.getcurrent()
        while self._greenlet.parent is not None:
            self._greenlet = self._greenlet.parent
        self._thread = threading.get_ident()
        self._running = False


_state = _Scheduler()


def _append(task):
    task._ready = True
    _state.ready.append(task)


def _activate(task):
    task._ready = False
    _state.current = task


def _next():
    """Who is to run when the current tasklet does not go on."""
    state = _state
    if state.ready:
        return state.ready.popleft()
    main = state.main
    if main._channel is not None:
        # Nobody else can end its wait.
        main._channel._forget(main)
        main._message = None, _deadlock()
    return main


def _deadlock():
    return RuntimeError("Deadlock: the last runnable tasklet cannot be blocked.")


def _switch(task):
    """Go on in another tasklet; what this one gets when it is its turn again."""
    me = _state.current
    if task is not me:
        _activate(task)
        try:
            task._greenlet.switch()
        finally:
            # An exception that nobody handled ends where the main tasklet waits.
            if _state.current is not me:
                _activate(me)
    else:
        _activate(me)
    return me._take()


def getcurrent():
    """The tasklet that runs."""
    return _state.current


def getmain():
    """The thread's main tasklet."""
    return _state.main


def getruncount():
    """How many tasklets are ready, the current one included."""
    return len(_state.ready) + 1


def run():
    """Run the tasklets that are ready until none is. For the main tasklet."""
    state = _state
    main = state.main
    if state.current is not main:
        raise RuntimeError("run() must be run from the main tasklet")
    if main._running:
        raise RuntimeError("run() is running already")
    main._running = True
    try:
        while state.ready:
            _switch(state.ready.popleft())
    finally:
        main._running = False
        if main._ready:
            # It was put there while it ran the others.
            main._ready = False
            state.ready.remove(main)


def schedule(retval=None):
    """Let all others that are ready run first; returns `retval`."""
    state = _state
    if state.ready:
        _append(state.current)
        _switch(state.ready.popleft())
    return retval


def schedule_remove(retval=None):
    """Let others run; this tasklet is not ready until somebody makes it."""
    state = _state
    if not state.ready and state.current is state.main:
        raise _deadlock()
    _switch(_next())
    return retval


class channel:
    """Where tasklets hand values over: each waits for the other."""

    #: Who goes on when two meet: -1 the receiver, 1 the sender, 0 the one that runs.
    preference = -1

    def __init__(self):
        self._waiting = deque()
        self._balance = 0
        self._thread = None
        self.closing = False

    @property
    def balance(self):
        """How many wait to send, or negative to receive."""
        return self._balance

    @property
    def queue(self):
        """The tasklet that has waited longest."""
        return self._waiting[0] if self._waiting else None

    @property
    def closed(self):
        """Whether it is closed and nobody waits any more."""
        return self.closing and not self._balance

    def close(self):
        """Refuse new waits; those that wait are served."""
        self.closing = True

    def open(self):
        """Undo close()."""
        self.closing = False

    def send(self, value):
        """Hand a value to a receiver."""
        self._meet(1, (value, None))

    def send_exception(self, exc, *args):
        """Let receive() raise exc(*args)."""
        self._meet(1, (None, exc(*args)))

    def send_throw(self, exc, val=None, tb=None):
        """Let receive() raise an exception that was caught elsewhere."""
        error = val if isinstance(val, BaseException) else exc if isinstance(exc, BaseException) else exc(val)
        self._meet(1, (None, error.with_traceback(tb)))

    def send_sequence(self, values):
        """Send each value; returns how many."""
        count = 0
        for value in values:
            self.send(value)
            count += 1
        return count

    def receive(self):
        """Wait for a value."""
        return self._meet(-1, None)

    def __iter__(self):
        return self

    def __next__(self):
        if self.closed:
            raise StopIteration
        return self.receive()

    def _meet(self, direction, message):
        """Send (1) or receive (-1)."""
        ident = threading.get_ident()
        if self._thread != ident:
            if self._balance:
                raise RuntimeError("the channel belongs to another thread")
            self._thread = ident
        state = _state
        me = state.current
        if self._balance * direction < 0:
            other = self._waiting.popleft()
            self._balance += direction
            other._channel = None
            if direction > 0:
                other._message = message
                message = None
            else:
                message, other._message = other._sent, None
                other._sent = None
            if self.preference == -direction:
                me._message = message
                _append(me)
                return _switch(other)
            _append(other)
            me._message = message
            return me._take()
        if self.closed:
            raise ValueError("Send/receive operation on a closed channel")
        if not state.ready and me is state.main:
            raise _deadlock()
        self._waiting.append(me)
        self._balance += direction
        me._channel = self
        me._sent = message
        return _switch(_next())

    def _forget(self, task):
        """A tasklet does not wait any more."""
        self._waiting.remove(task)
        self._balance -= 1 if self._balance > 0 else -1
        task._channel = task._sent = None
