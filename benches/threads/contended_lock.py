"""All threads take one lock for a few instructions each."""

import threading

from _threads import shared

SIZE = 400_000
LOCK = threading.Lock()
DONE = {"turns": 0}


def part(size):
    for _ in range(size):
        with LOCK:
            DONE["turns"] += 1


def finish(size):
    turns = DONE["turns"]
    return None if turns == 32 * size else f"{turns} turns are not {32 * size}"


shared(SIZE, part, finish)
