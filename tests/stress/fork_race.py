"""Forks in the middle of what other threads do with lists, dicts, locks and the heap."""

import gc
import os
import threading
import warnings

warnings.simplefilter("ignore")
stop = threading.Event()
shared_list, shared_dict, lock = [], {}, threading.RLock()


def churn(n):
    while not stop.is_set():
        shared_list.append([object() for _ in range(20)])
        shared_dict[len(shared_list) % 100] = bytearray(100)
        with lock:
            if len(shared_list) > 50:
                del shared_list[:]
            shared_dict.pop(n, None)


threads = [threading.Thread(target=churn, args=(n,)) for n in range(3)]
for t in threads:
    t.start()
try:
    for i in range(15):
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                shared_list.append(1)
                shared_dict[1000] = list(shared_list)
                gc.collect()
                done = []
                t = threading.Thread(target=done.append, args=(1,))
                t.start()
                t.join()
                code = 0 if done == [1] and threading.active_count() == 1 else 2
            finally:
                os._exit(code)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if status != 0:
            raise SystemError(f"a child ended with {status}")
finally:
    stop.set()
    for t in threads:
        t.join()
