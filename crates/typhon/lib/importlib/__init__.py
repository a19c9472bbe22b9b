"""Importing by name (part of typhon's overlay).

The import statement is native; `importlib._bootstrap` and its companion are
there for the classes that they define.
"""

__all__ = ["__import__", "import_module", "invalidate_caches", "reload"]

import sys
from builtins import __import__


def invalidate_caches():
    """Call the invalidate_caches() method on all meta path finders that have it."""
    for finder in sys.meta_path:
        if hasattr(finder, "invalidate_caches"):
            finder.invalidate_caches()


def import_module(name, package=None):
    """Import a module; a relative name needs the package it is relative to."""
    level = 0
    if name.startswith("."):
        if not package:
            raise TypeError(f"the 'package' argument is required to perform a relative import for {name!r}")
        level = len(name) - len(name.lstrip("."))
        base = package.rsplit(".", level - 1)
        if len(base) < level:
            raise ImportError("attempted relative import beyond top-level package")
        name = f"{base[0]}.{name[level:]}" if name[level:] else base[0]
    __import__(name)
    return sys.modules[name]


def reload(module):
    """Run the module's code again in its namespace and return the module."""
    try:
        name = module.__name__
    except AttributeError:
        raise TypeError("reload() argument must be a module") from None
    if sys.modules.get(name) is not module:
        raise ImportError(f"module {name} not in sys.modules", name=name)
    import _imp
    _imp._reload(module)
    return sys.modules[name]
