"""Runs one of CPython's own test files, unmodified: `cargo x conform` calls it.

usage: run_one.py TESTS_DIR MODULE RESULTS

TESTS_DIR is CPython's Lib/test; it becomes the package `test`. RESULTS gets one
line for what happens, at once, so that a crash or a hang loses nothing:

    start <id>      a test function begins
    pass|fail|error|skip|xfail|xpass <id>
    import <message>    the module cannot be loaded
    end             the run came to its end

Tests that RESULTS already names are not run again: after a crash, a second
process goes on behind the test that crashed.
"""

import os
import sys
import types
import unittest


def flatten(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from flatten(test)
        else:
            yield test


class Ledger(unittest.TestResult):
    def __init__(self, write, prefix):
        super().__init__()
        self._write = write
        self._prefix = prefix

    def name(self, test):
        # Some tests have an attribute of this name.
        name = str(test.id() if callable(test.id) else unittest.TestCase.id(test))
        return name.removeprefix(self._prefix).replace("\n", " ")

    def startTest(self, test):
        super().startTest(test)
        self._outcome = None
        self._write(f"start {self.name(test)}")

    def stopTest(self, test):
        super().stopTest(test)
        self._write(f"{self._outcome or 'pass'} {self.name(test)}")

    def settle(self, outcome, test, err=None):
        if isinstance(test, unittest.suite._ErrorHolder):
            # setUpClass or setUpModule: no test function began.
            self._write(f"{outcome} {self.name(test)}")
        elif self._outcome in (None, "skip"):
            self._outcome = outcome
        if err is not None:
            import traceback

            print(f"== {outcome} {self.name(test)}", file=sys.stderr)
            traceback.print_exception(*err)
            sys.stderr.flush()

    def addError(self, test, err):
        self.settle("error", test, err)

    def addFailure(self, test, err):
        self.settle("fail", test, err)

    def addSkip(self, test, reason):
        self.settle("skip", test)
        release_tools()

    def addExpectedFailure(self, test, err):
        self.settle("xfail", test)

    def addUnexpectedSuccess(self, test):
        self.settle("xpass", test)

    def addSubTest(self, test, subtest, err):
        if err is not None:
            failure = issubclass(err[0], test.failureException)
            self.settle("fail" if failure else "error", test, err)


def release_tools():
    """Give back what a test took of `sys.monitoring` before its `setUp` skipped it:
    `tearDown` is not called then, and the tests after it would find it in use."""
    monitoring = getattr(sys, "monitoring", None)
    for tool in range(6) if monitoring else ():
        if (monitoring.get_tool(tool) or "").startswith("test"):
            monitoring.free_tool_id(tool)


# Test files that import, for one or two of their functions, the C half of a module of
# which only the Python half is there. An empty module stands in for it while the file
# is loaded, and no longer: the functions that use it fail, the others are run.
STAND_INS = {
    "test_types": {"_datetime": "datetime"},
    "test_inspect": {"_pickle": "pickle"},
}

def stand_in(module):
    """Puts what the file wants and is missing into sys.modules; returns the names."""
    names = []
    for name, user in STAND_INS.get(module, {}).items():
        try:
            __import__(name)
        except ImportError:
            # It must not take the stand-in for the real one.
            __import__(user)
            sys.modules[name] = types.ModuleType(name)
            names.append(name)
    return names


def main():
    folder, module, results = sys.argv[1:]
    sys.argv = [sys.argv[0]]
    done = set()
    if os.path.exists(results):
        with open(results, encoding="utf-8") as f:
            done = {line.rstrip("\n").partition(" ")[2] for line in f}
    out = open(results, "a", encoding="utf-8", buffering=1)

    def write(line):
        out.write(line + "\n")
        out.flush()

    # The package `test` of the given folder, whatever else sys.path offers.
    package = types.ModuleType("test")
    package.__path__ = [folder]
    package.__file__ = os.path.join(folder, "__init__.py")
    sys.modules["test"] = package

    # Packages of tests would put it in front, and the library with it that they come with.
    sys.path.append(os.path.dirname(folder))

    if module == "test_ctypes":
        import ctypes_library

        ctypes_library.install(folder, os.path.dirname(results))

    prefix = f"test.{module}."
    try:
        # Without this, tests that need the network or much time are run as well.
        from test import support

        support.use_resources = ()
    except ImportError as error:
        print(f"test.support: {error!r}", file=sys.stderr)
    try:
        loader = unittest.TestLoader()
        empty = stand_in(module)
        loaded = __import__(f"test.{module}", fromlist=["*"])
        suite = loader.loadTestsFromModule(loaded)
        for name in empty:
            del sys.modules[name]
        if loader.errors:
            print("\n".join(loader.errors), file=sys.stderr)
    except unittest.SkipTest as reason:
        write(f"skip (module) {reason}".replace("\n", " "))
        write("end")
        return
    except BaseException as error:
        import traceback

        traceback.print_exc()
        write(f"import {type(error).__name__}: {error}".replace("\n", " "))
        write("end")
        return

    result = Ledger(write, prefix)
    tests = [test for test in flatten(suite) if result.name(test) not in done]
    unittest.TestSuite(tests).run(result)
    write("end")


if __name__ == "__main__":
    main()
