"""Signals sent to the process and to its threads while they work and wait."""

import os
import signal
import threading
import time

got = []
signal.signal(signal.SIGUSR1, lambda n, frame: got.append(frame.f_lineno if frame else 0))
signal.signal(signal.SIGALRM, lambda n, frame: got.append(0))
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
stop = threading.Event()


def work():
    while not stop.is_set():
        sum(i for i in range(100))
        [].append({})


def send():
    me = threading.get_ident()
    for i in range(300):
        os.kill(os.getpid(), signal.SIGUSR1)
        signal.pthread_kill(me, signal.SIGUSR1)
        if i % 10 == 0:
            time.sleep(0.0005)


threads = [threading.Thread(target=f) for f in (work, work, send, send)]
for t in threads:
    t.start()
for t in threads[2:]:
    t.join()
lock = threading.Lock()
lock.acquire()
lock.acquire(timeout=0.05)
stop.set()
for t in threads[:2]:
    t.join()
signal.setitimer(signal.ITIMER_REAL, 0)
assert len(got) > 2, "no signal arrived"
