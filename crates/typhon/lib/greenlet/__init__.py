"""Executions that the program itself switches between.

The interface is that of the package greenlet 3.5; the greenlets are part of the runtime.
"""

from greenlet._greenlet import (
    GREENLET_USE_CONTEXT_VARS,
    GREENLET_USE_GC,
    GREENLET_USE_TRACING,
    GreenletExit,
    error,
    getcurrent,
    gettrace,
    greenlet,
    settrace,
)

__version__ = "3.5.6"

__all__ = [
    "__version__",
    "GreenletExit",
    "error",
    "getcurrent",
    "greenlet",
    "gettrace",
    "settrace",
]
