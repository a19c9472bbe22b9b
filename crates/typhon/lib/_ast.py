"""The node classes of the syntax tree (part of typhon's overlay).

One table names every class, its fields and their types: a `*` behind a type is a
list, a `?` may be None. The tree's makers and readers in the interpreter go by the
field names.
"""

PyCF_ONLY_AST = 0x400
PyCF_TYPE_COMMENTS = 0x1000
PyCF_ALLOW_TOP_LEVEL_AWAIT = 0x2000
PyCF_OPTIMIZED_AST = 0x8400


def _warn(text):
    import warnings
    warnings.warn(text, DeprecationWarning, stacklevel=3)


class AST:
    _fields = ()
    _attributes = ()
    _field_types = {}
    __match_args__ = ()

    def __init__(self, *args, **kwargs):
        cls = type(self)
        fields = cls._fields
        if len(args) > len(fields):
            n = len(fields)
            raise TypeError(f"{cls.__name__} constructor takes at most {n} positional argument{'s' * (n != 1)}")
        for name, value in zip(fields, args):
            setattr(self, name, value)
        missing = list(fields[len(args):])
        for name, value in kwargs.items():
            if name in missing:
                missing.remove(name)
            elif name in fields:
                raise TypeError(f"{cls.__name__} got multiple values for argument {name!r}")
            elif name not in cls._attributes:
                _warn(f"{cls.__name__}.__init__ got an unexpected keyword argument {name!r}. "
                      "Support for arbitrary keyword arguments is deprecated and will be removed in Python 3.15.")
            setattr(self, name, value)
        types = cls._field_types if missing else None
        for name in missing:
            kind = types.get(name)
            if kind is None:
                if name not in types:
                    _warn(f"Field {name!r} is missing from {cls.__name__}._field_types. "
                          "This will become an error in Python 3.15.")
            elif kind is expr_context:
                self.ctx = Load()
            elif getattr(kind, "__origin__", None) is list:
                setattr(self, name, [])
            elif not _optional(kind):
                _warn(f"{cls.__name__}.__init__ missing 1 required positional argument: {name!r}. "
                      "This will become an error in Python 3.15.")

    # The attributes come after the node: they may refer to it.
    def __reduce__(self):
        return _empty, (type(self),), self.__dict__.copy()

    def __replace__(self, /, **kwargs):
        cls = type(self)
        known = {*cls._fields, *cls._attributes}
        for name in kwargs:
            if name not in known:
                raise TypeError(f"{cls.__name__}.__replace__ got an unexpected keyword argument {name!r}.")
        for name in cls._fields:
            if name not in kwargs and name not in self.__dict__ and not _optional(cls._field_types.get(name)):
                raise TypeError(f"{cls.__name__}.__replace__ missing 1 keyword argument: {name!r}.")
        node = _empty(cls)
        node.__dict__.update((name, value) for name, value in self.__dict__.items() if name in known)
        node.__dict__.update(kwargs)
        return node

    def __repr__(self):
        return _show(self, 3)


def _empty(cls):
    return cls.__new__(cls)


def _optional(kind):
    return type(None) in getattr(kind, "__args__", ())


def _show(node, depth):
    if isinstance(node, list | tuple):
        left, right = "[]" if isinstance(node, list) else "()"
        items = [_show(item, depth) for item in (node if len(node) <= 2 else (node[0], node[-1]))]
        if len(node) > 2:
            items.insert(1, "...")
        return left + ", ".join(items) + right
    if not isinstance(node, AST):
        text = repr(node)
        return text if len(text) <= 80 or not isinstance(node, str | bytes) else f"{text[:70]}...{text[-1]}"
    name = type(node).__name__
    if depth <= 0:
        return f"{name}(...)"
    return f"{name}({', '.join(f'{f}={_show(getattr(node, f), depth - 1)}' for f in node._fields if hasattr(node, f))})"


# Kind, then "Name(type field, ...)" for each class of that kind.
_GRAMMAR = {
    "mod": """
        Module(stmt* body, type_ignore* type_ignores)
        Interactive(stmt* body)
        Expression(expr body)
        FunctionType(expr* argtypes, expr returns)""",
    "stmt": """
        FunctionDef(identifier name, arguments args, stmt* body, expr* decorator_list, expr? returns, string? type_comment, type_param* type_params)
        AsyncFunctionDef(identifier name, arguments args, stmt* body, expr* decorator_list, expr? returns, string? type_comment, type_param* type_params)
        ClassDef(identifier name, expr* bases, keyword* keywords, stmt* body, expr* decorator_list, type_param* type_params)
        Return(expr? value)
        Delete(expr* targets)
        Assign(expr* targets, expr value, string? type_comment)
        TypeAlias(expr name, type_param* type_params, expr value)
        AugAssign(expr target, operator op, expr value)
        AnnAssign(expr target, expr annotation, expr? value, int simple)
        For(expr target, expr iter, stmt* body, stmt* orelse, string? type_comment)
        AsyncFor(expr target, expr iter, stmt* body, stmt* orelse, string? type_comment)
        While(expr test, stmt* body, stmt* orelse)
        If(expr test, stmt* body, stmt* orelse)
        With(withitem* items, stmt* body, string? type_comment)
        AsyncWith(withitem* items, stmt* body, string? type_comment)
        Match(expr subject, match_case* cases)
        Raise(expr? exc, expr? cause)
        Try(stmt* body, excepthandler* handlers, stmt* orelse, stmt* finalbody)
        TryStar(stmt* body, excepthandler* handlers, stmt* orelse, stmt* finalbody)
        Assert(expr test, expr? msg)
        Import(alias* names)
        ImportFrom(identifier? module, alias* names, int? level)
        Global(identifier* names)
        Nonlocal(identifier* names)
        Expr(expr value)
        Pass()
        Break()
        Continue()""",
    "expr": """
        BoolOp(boolop op, expr* values)
        NamedExpr(expr target, expr value)
        BinOp(expr left, operator op, expr right)
        UnaryOp(unaryop op, expr operand)
        Lambda(arguments args, expr body)
        IfExp(expr test, expr body, expr orelse)
        Dict(expr?* keys, expr* values)
        Set(expr* elts)
        ListComp(expr elt, comprehension* generators)
        SetComp(expr elt, comprehension* generators)
        DictComp(expr key, expr value, comprehension* generators)
        GeneratorExp(expr elt, comprehension* generators)
        Await(expr value)
        Yield(expr? value)
        YieldFrom(expr value)
        Compare(expr left, cmpop* ops, expr* comparators)
        Call(expr func, expr* args, keyword* keywords)
        FormattedValue(expr value, int conversion, expr? format_spec)
        Interpolation(expr value, constant str, int conversion, expr? format_spec)
        JoinedStr(expr* values)
        TemplateStr(expr* values)
        Constant(constant value, string? kind)
        Attribute(expr value, identifier attr, expr_context ctx)
        Subscript(expr value, expr slice, expr_context ctx)
        Starred(expr value, expr_context ctx)
        Name(identifier id, expr_context ctx)
        List(expr* elts, expr_context ctx)
        Tuple(expr* elts, expr_context ctx)
        Slice(expr? lower, expr? upper, expr? step)""",
    "expr_context": "Load\nStore\nDel",
    "boolop": "And\nOr",
    "operator": "Add\nSub\nMult\nMatMult\nDiv\nMod\nPow\nLShift\nRShift\nBitOr\nBitXor\nBitAnd\nFloorDiv",
    "unaryop": "Invert\nNot\nUAdd\nUSub",
    "cmpop": "Eq\nNotEq\nLt\nLtE\nGt\nGtE\nIs\nIsNot\nIn\nNotIn",
    "excepthandler": "ExceptHandler(expr? type, identifier? name, stmt* body)",
    "pattern": """
        MatchValue(expr value)
        MatchSingleton(constant value)
        MatchSequence(pattern* patterns)
        MatchMapping(expr* keys, pattern* patterns, identifier? rest)
        MatchClass(expr cls, pattern* patterns, identifier* kwd_attrs, pattern* kwd_patterns)
        MatchStar(identifier? name)
        MatchAs(pattern? pattern, identifier? name)
        MatchOr(pattern* patterns)""",
    "type_ignore": "TypeIgnore(int lineno, string tag)",
    "type_param": """
        TypeVar(identifier name, expr? bound, expr? default_value)
        ParamSpec(identifier name, expr? default_value)
        TypeVarTuple(identifier name, expr? default_value)""",
    "": """
        comprehension(expr target, expr iter, expr* ifs, int is_async)
        arguments(arg* posonlyargs, arg* args, arg? vararg, arg* kwonlyargs, expr?* kw_defaults, arg? kwarg, expr* defaults)
        arg(identifier arg, expr? annotation, string? type_comment)
        keyword(identifier? arg, expr value)
        alias(identifier name, identifier? asname)
        withitem(expr context_expr, expr? optional_vars)
        match_case(pattern pattern, expr? guard, stmt* body)""",
}
_PLACES = ("lineno", "col_offset", "end_lineno", "end_col_offset")
_PLACED = {"stmt", "expr", "excepthandler", "pattern", "type_param", "arg", "keyword", "alias"}
_PLAIN = {"identifier": str, "string": str, "int": int, "constant": object}


def _type(text):
    if text.endswith("?*"):
        return list[_type(text[:-2])]
    if text.endswith("*"):
        return list[_type(text[:-1])]
    if text.endswith("?"):
        return _type(text[:-1]) | None
    return _PLAIN.get(text) or globals()[text]


def _define(line, base, placed):
    name, _, rest = line.rstrip(")").partition("(")
    pairs = [part.split() for part in rest.split(", ") if part]
    fields = tuple(field for _, field in pairs)
    space = {"_fields": fields, "__match_args__": fields, "__module__": "ast", "__doc__": line}
    if placed:
        space["_attributes"] = _PLACES
        if base is AST:
            space["end_lineno"] = space["end_col_offset"] = None
    for kind, field in pairs:
        if kind.endswith("?"):
            space[field] = None
    globals()[name] = type(name, (base,), space)
    return name, pairs


def _define_all():
    waiting = []
    for kind, text in _GRAMMAR.items():
        lines = [line.strip() for line in text.strip().splitlines()]
        base = AST
        if kind:
            joint = "\n" + " " * len(kind) + " | " if "(" in text else " | "
            space = {"__module__": "ast", "__doc__": f"{kind} = " + joint.join(lines)}
            if kind in _PLACED:
                space.update(_attributes=_PLACES, end_lineno=None, end_col_offset=None)
            base = globals()[kind] = type(kind, (AST,), space)
        for line in lines:
            waiting.append(_define(line, base, line.partition("(")[0] in _PLACED))
    # All classes exist: their fields can name them.
    for name, pairs in waiting:
        cls = globals()[name]
        cls._field_types = cls.__annotations__ = {field: _type(kind) for kind, field in pairs}


_define_all()
AST.__module__ = "ast"
del _define_all, _define, _type, _GRAMMAR


def _optimize(tree, level):
    """What PyCF_OPTIMIZED_AST asks for: a copy in which the parts that are known are replaced."""
    import copy
    return _Folder(level).node(copy.deepcopy(tree))


class _Folder:
    def __init__(self, level):
        self.level = level

    def node(self, node):
        if self.level >= 2 and isinstance(node, Module | FunctionDef | AsyncFunctionDef | ClassDef):
            self.drop_docstring(node.body)
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, list):
                value[:] = [self.node(item) if isinstance(item, AST) else item for item in value]
            elif isinstance(value, AST):
                setattr(node, name, self.node(value))
        if isinstance(node, Name):
            if node.id == "__debug__" and isinstance(node.ctx, Load):
                return _placed(Constant(self.level == 0), node)
        elif isinstance(node, MatchValue):
            node.value = _number(node.value)
        elif isinstance(node, MatchMapping):
            node.keys[:] = map(_number, node.keys)
        elif isinstance(node, BinOp) and isinstance(node.op, Mod) and isinstance(node.right, Tuple):
            return _formatted(node) or node
        return node

    def drop_docstring(self, body):
        match body:
            case [Expr(value=Constant(value=str())) as first, *rest]:
                line, col = first.lineno, first.col_offset
                places = {"lineno": line, "col_offset": col, "end_lineno": line, "end_col_offset": col + 4}
                body[:] = rest or [Pass(**places)]


def _placed(new, old):
    for name in _PLACES:
        setattr(new, name, getattr(old, name, None))
    return new


def _number(node):
    """A negative or complex number of a pattern as one constant."""
    match node:
        case UnaryOp(op=USub(), operand=Constant(value=int() | float() | complex() as value)):
            return _placed(Constant(-value), node)
        case BinOp(left=left, op=Add() | Sub() as op, right=Constant(value=complex() as imag)):
            left = _number(left)
            if isinstance(left, Constant):
                return _placed(Constant(left.value + imag if isinstance(op, Add) else left.value - imag), node)
    return node


def _formatted(node):
    """`"..." % (a, b)` as an f-string, if all it asks for is text."""
    import re
    if not isinstance(node.left, Constant) or not isinstance(node.left.value, str):
        return None
    values, arguments = [], iter(node.right.elts)
    if any(isinstance(argument, Starred) for argument in node.right.elts):
        return None

    def literal(text):
        if text:
            values.append(_placed(Constant(text), node.left))

    text, at = "", 0
    pattern = re.compile(r"%(?:(%)|([-+ #0]*)(\d{0,3})(?:\.(\d{1,3}))?([sra]))")
    format = node.left.value
    while (percent := format.find("%", at)) >= 0:
        found = pattern.match(format, percent)
        if found is None:
            return None
        text += format[at:percent]
        at = found.end()
        if found[1]:
            text += "%"
            continue
        literal(text)
        text = ""
        argument = next(arguments, None)
        if argument is None:
            return None
        spec = found[3] and ("" if "-" in found[2] else ">") + found[3]
        spec += "" if found[4] is None else "." + found[4]
        spec = _placed(Constant(spec), argument) if spec else None
        values.append(_placed(FormattedValue(argument, ord(found[5]), spec), argument))
    literal(text + format[at:])
    if next(arguments, None) is not None:
        return None
    return _placed(JoinedStr(values), node)
