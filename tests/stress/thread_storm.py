"""Threads that start threads, end, are joined by several, with locals and names."""

import sys
import threading

from _race import race

local = threading.local()


def start(i):
    def inner():
        local.x = i
        assert local.x == i
        assert threading.current_thread().name.startswith("storm")

    t = threading.Thread(target=inner, name=f"storm{i}")
    t.start()
    joiners = [threading.Thread(target=t.join) for _ in range(2)]
    for j in joiners:
        j.start()
    for j in joiners:
        j.join()
    assert not t.is_alive() and not hasattr(local, "x")


def look(i):
    sys._current_frames(), threading.enumerate(), sys._current_exceptions(), threading.active_count()


race(start, look, threads=2, rounds=60)
