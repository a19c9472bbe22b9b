"""A module that is reloaded while others use it, and imports from many threads."""

import importlib
import os
import sys
import tempfile

from _race import race

with tempfile.TemporaryDirectory() as folder:
    sys.path.insert(0, folder)
    sys.dont_write_bytecode = True
    for n in range(20):
        with open(os.path.join(folder, f"mod{n}.py"), "w") as f:
            f.write(f"value = {n}\ndef get():\n    return value\n")
    import mod0

    def reload(i):
        importlib.reload(mod0)

    def use(i):
        assert mod0.get() == 0 and mod0.value == 0

    def load(i):
        module = importlib.import_module(f"mod{i % 20}")
        assert module.get() == i % 20
        if i % 5 == 0:
            sys.modules.pop(f"mod{i % 19 + 1}", None)

    race(reload, threads=2, rounds=60)
    race(use, load, threads=3, rounds=300)
    race(reload, use, load, threads=1, rounds=100)
