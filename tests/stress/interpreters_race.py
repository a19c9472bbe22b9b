"""Interpreters are created, entered, asked to end and ended from several threads, with
queues between them, and the process ends in the middle of it."""

import random
import threading
import time

import _interpreters
from concurrent import interpreters

END = time.monotonic() + 6
SCRIPT = """
import _interpqueues, gc, json, threading
class Node:
    def __init__(self, n):
        self.n, self.me = n, self
    def __del__(self):
        import math
        math.sqrt(self.n)
def work():
    for i in range(20):
        Node(i)
    json.dumps(list(range(50)))
ts = [threading.Thread(target=work) for _ in range(2)]
for t in ts: t.start()
try:
    _interpqueues.put(qid, (1, "two", b"three", [4]), 3)
except RuntimeError:
    pass
work()
"""
ids = []
wrong = []


def body(seed):
    rnd = random.Random(seed)
    queue = interpreters.create_queue(50)
    try:
        while time.monotonic() < END and not wrong:
            try:
                step(rnd, queue)
            except (interpreters.InterpreterError, IndexError, RuntimeError, ValueError):
                pass
    except BaseException as error:
        wrong.append(error)


def step(rnd, queue):
    what = rnd.randrange(8)
    if what == 0 and len(ids) < 12 or len(ids) < 3:
        ids.append(_interpreters.create(reqrefs=rnd.random() < 0.5))
        return
    id = rnd.choice(ids)
    if what < 3:
        info = _interpreters.exec(id, SCRIPT, {"qid": queue.id})
        if info is not None and "Error" not in info.type.__name__:
            raise SystemError(info.formatted)
    elif what == 3:
        result, info = _interpreters.call(id, eval, ("[len(__import__('sys').modules) > 5, 'x' * 3]",))
        if info is None and result != [True, "xxx"]:
            raise SystemError(result)
    elif what == 4:
        for _ in range(5):
            item = queue.get(block=False)
            if item is not interpreters._queues.UNBOUND and item != (1, "two", b"three", [4]):
                raise SystemError(item)
    elif what == 5:
        _interpreters.set___main___attrs(id, {"shared": rnd.random(), "queue": queue})
    elif what == 6:
        _interpreters.incref(id)
        _interpreters.decref(id)
    else:
        _interpreters.destroy(id)
        ids.remove(id)


threads = [threading.Thread(target=body, args=(n,), daemon=n == 0) for n in range(4)]
for t in threads:
    t.start()
for t in threads[1:]:
    t.join()
if wrong:
    raise SystemError("a thread failed") from wrong[0]
# With interpreters left, one of which may run code.
for n, id in enumerate(list(ids)):
    if n % 2:
        try:
            _interpreters.destroy(id)
        except interpreters.InterpreterError:
            pass
threading.Thread(target=_interpreters.exec, args=(_interpreters.create(), "while True: [].append(1)"), daemon=True).start()
time.sleep(0.1)
