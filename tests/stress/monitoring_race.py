"""sys.monitoring events set and taken back while other threads run the code."""

import sys

from _race import race

M = sys.monitoring
E = M.events
TOOLS = (1, 2)
for tool in TOOLS:
    M.use_tool_id(tool, f"tool{tool}")
counts = [0]


def work(i):
    total = 0
    for n in range(20):
        total += n if n % 3 else -n
    return total


def event(*args):
    counts[0] += 1
    return M.DISABLE if counts[0] % 10 == 0 else None


def switch(i):
    tool = TOOLS[i & 1]
    M.register_callback(tool, E.LINE, event)
    M.register_callback(tool, E.PY_START, event if i & 2 else None)
    M.set_events(tool, E.LINE | E.PY_START if i % 5 else 0)
    M.set_local_events(tool, work.__code__, E.BRANCH_LEFT | E.JUMP if i % 3 else 0)
    M.restart_events()


def run(i):
    assert work(i) == 64


race(switch, run, threads=2, rounds=150)
for tool in TOOLS:
    M.set_events(tool, 0)
    M.free_tool_id(tool)
