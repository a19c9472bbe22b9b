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


SUPPLIED = """
#include <stdlib.h>
static long long number;
void *PyModuleDef_Init(void *def) { return def; }
void *PyLong_FromLongLong(long long n) { number = n; return &number; }
void *PyLong_FromUnsignedLongLong(unsigned long long n) { number = n; return &number; }
"""


def functions(library):
    """What the module itself has: functions that give a number, by name."""
    import ctypes

    library.PyInit__ctypes_test.restype = ctypes.c_void_p
    definition = library.PyInit__ctypes_test()
    at = ctypes.c_void_p.from_address(definition + 64).value
    takes_nothing = 4
    while name := ctypes.c_char_p.from_address(at).value:
        code = ctypes.c_void_p.from_address(at + 8).value
        if ctypes.c_int.from_address(at + 16).value == takes_nothing:
            number = ctypes.c_ulonglong if name.endswith(b"_u") else ctypes.c_longlong
            call = ctypes.CFUNCTYPE(ctypes.POINTER(number), ctypes.c_void_p, ctypes.c_void_p)(code)
            yield name.decode(), lambda call=call: call(None, None)[0]
        at += 32


def install(tests, folder):
    """Put the module into `sys.modules`; whether that went well."""
    library = find(tests)
    compiler = shutil.which("cc") or shutil.which("gcc")
    if library is None or compiler is None:
        return False
    source = os.path.join(folder, "c_api.c")
    # It needs the library and so loads it; the two see each other's symbols, and nobody
    # else sees any.
    joined = os.path.join(folder, "_ctypes_test.so")
    with open(source, "w") as f:
        f.write(SUPPLIED)
        for name in symbols(library):
            if f"*{name}(" not in SUPPLIED:
                f.write(f"void {name}(void) {{ abort(); }}\n")
    made = subprocess.run([compiler, "-shared", "-fPIC", "-w", "-Wl,--no-as-needed", "-o", joined, source, library])
    if made.returncode:
        return False
    import ctypes

    module = types.ModuleType("_ctypes_test")
    module.__file__ = joined
    module.__spec__ = None
    for name, function in functions(ctypes.CDLL(joined)):
        setattr(module, name, function)
    sys.modules["_ctypes_test"] = module
    return True
