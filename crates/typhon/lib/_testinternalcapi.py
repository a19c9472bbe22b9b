"""What CPython's tests ask about an interpreter's inside (part of typhon's overlay), as far as the
question has an answer here."""

import builtins
import types

from _imp import _instructions
from _testinternals import *
from _testinternals import SPECIALIZATION_COOLDOWN, SPECIALIZATION_THRESHOLD, get_recursion_depth, has_inline_values

_POSITION, _KEYWORD, _VARIABLE, _LOCAL, _CELL, _FREE = 2, 4, 8, 32, 64, 128


def _arguments(code):
    """The names of parameters, each with its kind."""
    names = iter(code.co_varnames)
    kinds = [_POSITION] * code.co_posonlyargcount
    kinds += [_POSITION | _KEYWORD] * (code.co_argcount - code.co_posonlyargcount)
    kinds += [_KEYWORD] * code.co_kwonlyargcount
    kinds += [_VARIABLE | _POSITION] * bool(code.co_flags & 4)
    kinds += [_VARIABLE | _KEYWORD] * bool(code.co_flags & 8)
    return {next(names): kind for kind in kinds}


def get_co_localskinds(code):
    """The variables of a code object and what they are."""
    kinds = {name: _LOCAL for name in code.co_varnames}
    for name, kind in _arguments(code).items():
        kinds[name] |= kind
    for name in code.co_cellvars:
        kinds[name] = kinds.get(name, 0) | _CELL
    for name in code.co_freevars:
        kinds[name] = _FREE
    return kinds


def code_returns_only_none(code):
    """Whether nothing but None is ever returned."""
    rows = list(_instructions(code))
    return all(now[1] != "RETURN" or before[1] == "LOADNONE" and before[2] == now[2]
               for before, now in zip([(0, "", "", None), *rows], rows))


def get_code_var_counts(code, globalsns=None, builtinsns=None):
    """How many variables of each sort a function or code object has."""
    if isinstance(code, types.FunctionType):
        globalsns = code.__globals__ if globalsns is None else globalsns
        builtinsns = vars(builtins) if builtinsns is None else builtinsns
        code = code.__code__
    kinds = get_co_localskinds(code)
    arguments = _arguments(code)
    values = list(arguments.values())
    cells = {name for name, kind in kinds.items() if kind & _CELL}
    pure = [name for name, kind in kinds.items() if kind == _LOCAL]
    used, attributes = set(), set()
    for _, op, text, _ in _instructions(code):
        if "GLOBAL" in op:
            used.add(text.rpartition(".")[2])
        elif "ATTR" in op or op.startswith(("CALLM", "LOADMETHOD")):
            attributes.add(text.rpartition(".")[2])
    known = used & set(globalsns or ())
    native = (used - known) & set(builtinsns or ())
    nlocals = len(arguments) + len(pure) + len(cells - set(arguments))
    unknown = len(set(code.co_names) - used - attributes)
    unbound = len(used) + len(attributes) + unknown
    nfree = len(code.co_freevars)
    return {
        "total": nlocals + nfree + unbound,
        "locals": {
            "total": nlocals,
            "args": {
                "total": len(arguments),
                "numposonly": values.count(_POSITION),
                "numposorkw": values.count(_POSITION | _KEYWORD),
                "numkwonly": values.count(_KEYWORD),
                "varargs": values.count(_VARIABLE | _POSITION),
                "varkwargs": values.count(_VARIABLE | _KEYWORD),
            },
            "numpure": len(pure),
            "cells": {
                "total": len(cells),
                "numargs": len(cells & set(arguments)),
                "numothers": len(cells - set(arguments)),
            },
            "hidden": {"total": 0, "numpure": 0, "numcells": 0},
        },
        "numfree": nfree,
        "unbound": {
            "total": unbound,
            "globals": {
                "total": len(used),
                "numglobal": len(known),
                "numbuiltin": len(native),
                "numunknown": len(used - known - native),
            },
            "numattrs": len(attributes),
            "numunknown": unknown,
        },
    }


def verify_stateless_code(code):
    """Refuse what depends on variables outside of it."""
    counts = get_code_var_counts(code)
    if counts["numfree"]:
        raise ValueError("nonlocals not supported")
    if counts["unbound"]["globals"]["numglobal"]:
        raise ValueError("globals not supported")
