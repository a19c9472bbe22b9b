"""What sysconfig knows of the build (part of typhon's overlay)."""

build_time_vars = {
    "ABIFLAGS": "",
    "EXT_SUFFIX": ".typhon-314.so",
    "Py_DEBUG": 0,
    "Py_GIL_DISABLED": 1,
    "HAVE_GETRANDOM": 1,
    "HAVE_GETRANDOM_SYSCALL": 1,
    "SOABI": "typhon-314",
    "VERSION": "3.14",
    "WITH_DOC_STRINGS": 1,
    "py_version_short": "3.14",
}
