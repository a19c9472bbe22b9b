"""Code that threads run while it is traced, profiled and monitored on and off."""

import sys
import threading

from _race import race


def work(n):
    total = 0
    for k in range(n):
        total += k
    try:
        total // (n % 2)
    except ZeroDivisionError:
        total += 1
    return total


def run(i):
    assert work(10) in (45, 46)


def trace(i):
    events = []
    sys.settrace(lambda frame, event, arg: events.append(event))
    work(5)
    sys.settrace(None)
    assert events


def profile(i):
    threading.setprofile_all_threads(lambda frame, event, arg: None)
    work(3)
    threading.setprofile_all_threads(None)


def monitor(i):
    m = sys.monitoring
    if i % 2:
        m.set_events(1, m.events.LINE | m.events.PY_START)
    else:
        m.set_events(1, 0)
        m.restart_events()


sys.monitoring.use_tool_id(1, "race")
sys.monitoring.register_callback(1, sys.monitoring.events.LINE, lambda code, line: None)
race(run, trace, monitor, threads=2, rounds=500)
race(run, profile, threads=2, rounds=50)
