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
                    _warn(f"Field {name!r} is missing from {cls.__module__}.{cls.__qualname__}._field_types. "
                          "This will become an error in Python 3.15.")
            elif kind is expr_context:
                self.ctx = Load()
            elif getattr(kind, "__origin__", None) is list:
                setattr(self, name, [])
            elif not _optional(kind):
                _warn(f"{cls.__name__}.__init__ missing 1 required positional argument: {name!r}. "
                      "This will become an error in Python 3.15.")

    def __reduce_ex__(self, protocol):
        return _rebuild, (type(self), self.__dict__.copy())

    def __reduce__(self):
        return self.__reduce_ex__(2)

    def __replace__(self, /, **kwargs):
        cls = type(self)
        known = {*cls._fields, *cls._attributes, *self.__dict__}
        for name in kwargs:
            if name not in known:
                raise TypeError(f"{cls.__name__}.__replace__ got an unexpected keyword argument {name!r}.")
        for name in cls._fields:
            if name not in kwargs and name not in self.__dict__ and not _optional(cls._field_types.get(name)):
                raise TypeError(f"{cls.__name__}.__replace__ missing 1 keyword argument: {name!r}.")
        return _rebuild(cls, self.__dict__ | kwargs)

    def __repr__(self):
        return _show(self, 3)


def _rebuild(cls, state):
    node = cls.__new__(cls)
    node.__dict__.update(state)
    return node


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
            space = {"__module__": "ast", "__doc__": f"{kind} = " + ("\n" + " " * len(kind) + " | ").join(lines)}
            if kind in _PLACED:
                space.update(_attributes=_PLACES, end_lineno=None, end_col_offset=None)
            base = globals()[kind] = type(kind, (AST,), space)
        for line in lines:
            waiting.append(_define(line, base, line.partition("(")[0] in _PLACED))
    # All classes exist: their fields can name them.
    for name, pairs in waiting:
        globals()[name]._field_types = {field: _type(kind) for kind, field in pairs}


_define_all()
AST.__module__ = "ast"
del _define_all, _define, _type, _GRAMMAR
