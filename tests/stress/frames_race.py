"""Frames of running threads: looked at, walked and their variables read by others."""

import sys
import threading
import traceback

from _race import race


def deep(n):
    here = n
    if n:
        return deep(n - 1) + 1
    return here


def work(i):
    assert deep(i % 30) == i % 30


def look(i):
    for ident, frame in sys._current_frames().items():
        depth = 0
        while frame and depth < 50:
            assert type(frame.f_lineno) in (int, type(None)) and frame.f_code.co_name
            frame.f_locals.get("n"), frame.f_globals, frame.f_lasti
            frame = frame.f_back
            depth += 1
    if i % 20 == 0:
        for frame in sys._current_frames().values():
            traceback.extract_stack(frame, limit=5)
    sys._current_exceptions(), threading.enumerate()


race(work, look, threads=2, rounds=300)
