"""KeyboardInterrupt in the main thread wherever it is: computing, waiting, importing."""

import os
import queue
import signal
import threading
import time

ACTIONS = [
    lambda: [i for i in range(10**8)],
    lambda: threading.Lock().acquire() and threading.Event().wait(20),
    lambda: queue.Queue().get(timeout=20),
    lambda: time.sleep(20),
    lambda: sorted(range(10**7), key=lambda x: -x),
    lambda: "a" < max(str(i) for i in range(10**8)),
]
for n, action in enumerate(ACTIONS * 3):
    timer = threading.Timer(0.005 * (n % 4 + 1), os.kill, (os.getpid(), signal.SIGINT))
    try:
        timer.start()
        action()
        time.sleep(20)
    except KeyboardInterrupt:
        timer.join()
        continue
    except RuntimeError as error:
        # As on CPython: it came when a condition was about to take its lock again.
        if isinstance(error.__context__, KeyboardInterrupt):
            continue
        raise
    raise SystemError(f"action {n} was not interrupted")
