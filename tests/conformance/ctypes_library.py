"""`_ctypes_test` for CPython's test_ctypes: a shared library with C functions to call.

CPython builds it as an extension module, so it refers to the C API of Python, which
Typhon has not. The tests only call its C functions. What it refers to is supplied by a
little library that aborts when called; without a C compiler, or without CPython's
library beside its tests, there is no `_ctypes_test` and the tests are skipped.
"""

import glob
import os
import re
import shutil
import subprocess
import sys
import types

SYMBOL = re.compile(rb"\0(_?Py[A-Za-z_]+)(?=\0)")


def find(tests):
    """CPython's build of the library, if it is where CPython installs it."""
    found = glob.glob(os.path.join(tests, "..", "lib-dynload", "_ctypes_test*.so"))
    return os.path.realpath(found[0]) if found else None


def symbols(library):
    """What the library may refer to: all names in it that begin like the C API."""
    with open(library, "rb") as f:
        data = f.read()
    names = set()
    at = 0
    while match := SYMBOL.search(data, at):
        names.add(match[1].decode())
        at = match.end()
    return sorted(name for name in names if name != "PyInit__ctypes_test")


def install(tests, folder):
    """Put the module into `sys.modules`; whether that went well."""
    library = find(tests)
    compiler = shutil.which("cc") or shutil.which("gcc")
    if library is None or compiler is None:
        return False
    source = os.path.join(folder, "c_api.c")
    supplied = os.path.join(folder, "c_api.so")
    with open(source, "w") as f:
        f.write("#include <stdlib.h>\n")
        for name in symbols(library):
            f.write(f"void {name}(void) {{ abort(); }}\n")
    made = subprocess.run([compiler, "-shared", "-fPIC", "-w", "-o", supplied, source])
    if made.returncode:
        return False
    import ctypes

    ctypes.CDLL(supplied, mode=ctypes.RTLD_GLOBAL)
    module = types.ModuleType("_ctypes_test")
    module.__file__ = library
    module.__spec__ = None
    sys.modules["_ctypes_test"] = module
    return True
