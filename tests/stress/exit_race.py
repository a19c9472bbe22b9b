"""Processes that end while their daemon threads are in the middle of something."""

import subprocess
import sys

PROGRAM = """
import gc, sys, threading, time, weakref
class A:
    def __del__(self): items.append(1)
items = []
def busy():
    while True:
        items.append(A())
        if len(items) > 1000: items.clear()
def sleeper():
    time.sleep(1000)
lock = threading.Lock(); lock.acquire()
for f in (busy, busy, sleeper, lock.acquire, gc.collect):
    threading.Thread(target=f, daemon=True).start()
time.sleep(0.02)
%s
"""
for end in ("", "sys.exit(3)", "1 / 0", "import os; os._exit(4)", "threading.Thread(target=print).start()"):
    for _ in range(3):
        code = subprocess.run([sys.executable, "-c", PROGRAM % end], stderr=subprocess.DEVNULL, timeout=60).returncode
        if code not in (0, 1, 3, 4):
            raise SystemError(f"{end!r}: {code}")
