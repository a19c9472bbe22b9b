"""The instructions of code objects as text (part of typhon's overlay).

The functions are those of CPython's module, whose tables describe the instructions of a
stack machine; typhon's have registers. What an instruction works on is therefore told as
text, and there is no number to compute with: `opcode` and `arg` are None.
"""

import _imp
import collections
import io
import sys
import types
from opcode import *
from opcode import __all__ as _opcodes_all

__all__ = ["code_info", "dis", "disassemble", "distb", "disco", "findlinestarts", "findlabels", "show_code",
           "get_instructions", "Instruction", "Bytecode"] + _opcodes_all

COMPILER_FLAG_NAMES = {
    1: "OPTIMIZED",
    2: "NEWLOCALS",
    4: "VARARGS",
    8: "VARKEYWORDS",
    16: "NESTED",
    32: "GENERATOR",
    64: "NOFREE",
    128: "COROUTINE",
    256: "ITERABLE_COROUTINE",
    512: "ASYNC_GENERATOR",
    0x4000000: "HAS_DOCSTRING",
    0x8000000: "METHOD",
}

Positions = collections.namedtuple(
    "Positions", "lineno end_lineno col_offset end_col_offset", defaults=[None] * 4)


class Instruction(collections.namedtuple(
        "Instruction",
        "opname opcode arg argval argrepr offset start_offset starts_line line_number label positions cache_info",
        defaults=[None])):
    """One instruction; `argrepr` says what it works on, and `argval` where it may jump to or what
    name it means."""

    __slots__ = ()

    @property
    def baseopname(self):
        return self.opname

    @property
    def is_jump_target(self):
        return self.label is not None

    @property
    def jump_target(self):
        return self.argval if isinstance(self.argval, int) else None

    def __str__(self):
        return _line(self, 4, 4)


def _line(instruction, line_width, offset_width):
    line = str(instruction.line_number) if instruction.starts_line else ""
    label = f"L{instruction.label}:" if instruction.label is not None else ""
    place = f"{instruction.offset:{offset_width}} " if offset_width else ""
    return f"{line:>{line_width}} {label:>6} {place}{instruction.opname:<18} {instruction.argrepr}".rstrip()


def _code_of(x):
    """The code object of a function, method, generator, coroutine or source."""
    for name in "__func__", "__code__", "gi_code", "ag_code", "cr_code":
        x = getattr(x, name, x)
    if isinstance(x, str):
        try:
            return compile(x, "<disassembly>", "eval")
        except SyntaxError:
            return compile(x, "<disassembly>", "exec")
    if hasattr(x, "co_code"):
        return x
    raise TypeError(f"don't know how to disassemble {type(x).__name__} objects")


def findlinestarts(code):
    """Yield (offset, line) where the lines of the source begin."""
    last = False
    for start, end, line in code.co_lines():
        if line is not last and start >= 0:
            last = line
            yield start, line


# Instructions that do what one of CPython's does are called as it is: programs look for them.
_NAMES = {
    "LOADGLOBAL": "LOAD_GLOBAL", "STOREGLOBAL": "STORE_GLOBAL", "DELGLOBAL": "DELETE_GLOBAL",
    "LOADNAME": "LOAD_NAME", "STORENAME": "STORE_NAME", "DELNAME": "DELETE_NAME",
    "GETATTR": "LOAD_ATTR", "LOADMETHOD": "LOAD_ATTR", "SETATTR": "STORE_ATTR", "DELATTR": "DELETE_ATTR",
    "IMPORTNAME": "IMPORT_NAME", "IMPORTFROM": "IMPORT_FROM",
    # One that calls what it loads at once, too.
    "LOADSUPERATTR": "LOAD_SUPER_ATTR", "CALLSUPER": "LOAD_SUPER_ATTR",
}


_NAMED = set(_NAMES.values())


def _rows(code):
    # Words of the code, told as offsets of two bytes each: so do `co_lines` and `f_lasti`.
    return [(2 * at, _NAMES.get(name, name), text, None if to is None else 2 * to)
            for at, name, text, to in _imp._instructions(code)]


def findlabels(code):
    """The offsets to which instructions jump."""
    return sorted({to for _, _, _, to in _rows(code) if to is not None})


def get_instructions(x, *, first_line=None, show_caches=None, adaptive=False):
    """Yield the instructions of what has code."""
    code = _code_of(x)
    by = 0 if first_line is None else first_line - code.co_firstlineno
    rows = _rows(code)
    targets = {row[3] for row in rows if row[3] is not None}
    targets.update(target for _, _, target, _ in _handlers(code))
    labels = {at: n for n, at in enumerate(sorted(targets), 1)}
    positions = [Positions(*p) for p in code.co_positions()]
    last = None
    for at, name, text, to in rows:
        place = positions[at // 2] if at // 2 < len(positions) else Positions()
        line = place.lineno
        starts = line is not None and line != last
        if starts:
            last = line
        if to is not None:
            text = f"{text} to L{labels[to]}".lstrip()
        # An attribute or global is the last operand, behind a point.
        value = text[text.rfind(" .") + 2:] if name in _NAMED and " ." in " " + text else to
        yield Instruction(name, None, None, value, text, at, at, starts, None if line is None else line + by,
                          labels.get(at), place)


def _handlers(code):
    """What `co_exceptiontable` holds: start, end, target and register."""
    table = memoryview(code.co_exceptiontable).cast("I")
    return [(2 * table[i], 2 * table[i + 1], 2 * table[i + 2], table[i + 3]) for i in range(0, len(table), 4)]


def disassemble(co, lasti=-1, *, file=None, show_caches=False, adaptive=False, show_offsets=False,
                show_positions=False):
    """Print the instructions of a code object; `lasti` is marked."""
    instructions = list(get_instructions(co))
    width = max([3, *(len(str(i.line_number)) for i in instructions)])
    offsets = len(str(instructions[-1].offset)) if show_offsets and instructions else 0
    labels = {i.offset: i.label for i in instructions}
    for i in instructions:
        if i.starts_line and i.offset:
            print(file=file)
        mark = "  -->" if i.offset == lasti else ""
        where = ""
        if show_positions and i.positions.lineno is not None:
            p = i.positions
            where = f"  ({p.lineno}:{p.col_offset}-{p.end_lineno}:{p.end_col_offset})"
        print(_line(i, width, offsets) + where + mark, file=file)
    handlers = _handlers(co)
    if handlers:
        print("ExceptionTable:", file=file)
    names = co.co_varnames
    for start, end, target, register in handlers:
        name = names[register] if register < len(names) else f"r{register}"
        print(f"  {start} to {end} -> L{labels[target]} {name}", file=file)


disco = disassemble


def _all(co, depth, options):
    disassemble(co, **options)
    if depth is not None and depth <= 0:
        return
    for inner in co.co_consts:
        if hasattr(inner, "co_code"):
            print(f"\nDisassembly of {inner!r}:", file=options["file"])
            _all(inner, None if depth is None else depth - 1, options)


def dis(x=None, *, file=None, depth=None, show_caches=False, adaptive=False, show_offsets=False,
        show_positions=False):
    """Print the instructions of a class, module, function, code object or source, or of the
    last traceback."""
    options = {"file": file, "show_offsets": show_offsets, "show_positions": show_positions}
    if x is None:
        return distb(**options)
    if isinstance(x, (type, types.ModuleType)):
        for name, member in sorted(vars(x).items()):
            if isinstance(member, (type, types.FunctionType, types.MethodType, types.CodeType, classmethod,
                                   staticmethod)):
                print(f"Disassembly of {name}:", file=file)
                try:
                    dis(member, depth=depth, **options)
                except TypeError as e:
                    print("Sorry:", e, file=file)
                print(file=file)
        return
    _all(_code_of(x), depth, options)


def distb(tb=None, *, file=None, show_caches=False, adaptive=False, show_offsets=False, show_positions=False):
    """Print the instructions of a traceback's innermost frame."""
    if tb is None:
        error = getattr(sys, "last_exc", None)
        tb = error.__traceback__ if error is not None else getattr(sys, "last_traceback", None)
        if tb is None:
            raise RuntimeError("no last traceback to disassemble")
    while tb.tb_next:
        tb = tb.tb_next
    disassemble(tb.tb_frame.f_code, tb.tb_lasti, file=file, show_offsets=show_offsets, show_positions=show_positions)


def pretty_flags(flags):
    """The names of the flags of a code object."""
    names = [name for bit, name in COMPILER_FLAG_NAMES.items() if flags & bit]
    rest = flags & ~sum(COMPILER_FLAG_NAMES)
    return ", ".join(names + [hex(rest)] * (rest != 0 or not names))


def code_info(x):
    """What a code object says of itself."""
    co = _code_of(x)
    lines = [
        f"Name:              {co.co_name}",
        f"Filename:          {co.co_filename}",
        f"Argument count:    {co.co_argcount}",
        f"Positional-only arguments: {co.co_posonlyargcount}",
        f"Kw-only arguments: {co.co_kwonlyargcount}",
        f"Number of locals:  {co.co_nlocals}",
        f"Stack size:        {co.co_stacksize}",
        f"Flags:             {pretty_flags(co.co_flags)}",
    ]
    for title, values, form in [("Constants", co.co_consts, repr), ("Names", co.co_names, str),
                                ("Variable names", co.co_varnames, str), ("Free variables", co.co_freevars, str),
                                ("Cell variables", co.co_cellvars, str)]:
        if values:
            lines.append(title + ":")
            lines += [f"{n:4}: {form(v)}" for n, v in enumerate(values)]
    return "\n".join(lines)


def show_code(co, *, file=None):
    """Print what `code_info` says."""
    print(code_info(co), file=file)


class Bytecode:
    """The instructions of an object, and their text."""

    def __init__(self, x, *, first_line=None, current_offset=None, show_caches=False, adaptive=False,
                 show_offsets=False, show_positions=False):
        self.codeobj = _code_of(x)
        self.first_line = self.codeobj.co_firstlineno if first_line is None else first_line
        self.current_offset = current_offset
        self.show_offsets, self.show_positions = show_offsets, show_positions
        self._original_object = x

    def __iter__(self):
        return get_instructions(self.codeobj, first_line=self.first_line)

    def __repr__(self):
        return f"{type(self).__name__}({self._original_object!r})"

    @classmethod
    def from_traceback(cls, tb, **options):
        while tb.tb_next:
            tb = tb.tb_next
        return cls(tb.tb_frame.f_code, current_offset=tb.tb_lasti, **options)

    def info(self):
        return code_info(self.codeobj)

    def dis(self):
        out = io.StringIO()
        at = -1 if self.current_offset is None else self.current_offset
        disassemble(self.codeobj, at, file=out, show_offsets=self.show_offsets, show_positions=self.show_positions)
        return out.getvalue()


def main(args=None):
    import argparse

    parser = argparse.ArgumentParser(color=True)
    parser.add_argument("-O", "--show-offsets", action="store_true", help="show instruction offsets")
    parser.add_argument("-P", "--show-positions", action="store_true", help="show instruction positions")
    parser.add_argument("infile", nargs="?", default="-")
    args = parser.parse_args(args)
    if args.infile == "-":
        name, source = "<stdin>", sys.stdin.buffer.read()
    else:
        name = args.infile
        with open(name, "rb") as file:
            source = file.read()
    dis(compile(source, name, "exec"), show_offsets=args.show_offsets, show_positions=args.show_positions)


if __name__ == "__main__":
    main()
