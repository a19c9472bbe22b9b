"""Modules imported for the first time, some of each other, in several threads at once."""

import importlib
import os
import shutil
import sys
import tempfile
import threading

folder = tempfile.mkdtemp()
sys.path.insert(0, folder)
sys.dont_write_bytecode = True
N = 12
for n in range(N):
    with open(os.path.join(folder, f"race_module_{n}.py"), "w") as f:
        f.write(f"import time\ntime.sleep(0.001)\nimport race_module_{(n + 1) % N}\nname = 'm{n}'\nclass C: pass\n")
wrong = []


def load(n):
    try:
        for k in range(N):
            m = importlib.import_module(f"race_module_{(n + k * 5) % N}")
            assert m is sys.modules[m.__name__]
            if m.name != f"m{m.__name__.rpartition('_')[2]}":
                wrong.append(m.name)
    except BaseException as e:
        wrong.append(e)


for _ in range(6):
    threads = [threading.Thread(target=load, args=(n,)) for n in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for n in range(N):
        sys.modules.pop(f"race_module_{n}", None)
    importlib.invalidate_caches()
shutil.rmtree(folder)
if wrong:
    raise SystemError(f"{wrong[:3]}")
