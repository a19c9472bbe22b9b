"""Type parameters and Generic (part of typhon's overlay; PEP 695, PEP 696)."""

from types import UnionType as Union
from types import GenericAlias as _GenericAlias
from _imp import _make_immutable
import sys as _sys


def _idfunc(self, x):
    return x


def _typing():
    import typing
    return typing


def _caller():
    """The module that called the function that asks."""
    return _sys._getframemodulename(2)


def _union(left, right):
    return Union[left, right]


class _ConstEvaluator:
    """Evaluates to a value that was given as such."""

    def __new__(cls, *args, **kwargs):
        raise TypeError("cannot create '_typing._ConstEvaluator' instances")

    def __init_subclass__(cls):
        raise TypeError("type '_typing._ConstEvaluator' is not an acceptable base type")

    def __call__(self, format=1, /):
        if format != 4:
            return self._value
        from annotationlib import type_repr
        if isinstance(self._value, tuple):
            return "(" + ", ".join(map(type_repr, self._value)) + ")"
        return type_repr(self._value)

    def __repr__(self):
        return f"<constevaluator {self._value!r}>"


_ConstEvaluator.__module__ = "_typing"


def _constant(value):
    evaluator = object.__new__(_ConstEvaluator)
    evaluator._value = value
    return evaluator


class _NoDefaultType:
    """The type of the NoDefault singleton."""

    __slots__ = ()

    def __new__(cls, *args, **kwargs):
        if args or kwargs:
            raise TypeError("NoDefaultType takes no arguments")
        return NoDefault

    def __init_subclass__(cls):
        raise TypeError("type 'NoDefaultType' is not an acceptable base type")

    def __repr__(self):
        return "typing.NoDefault"

    def __reduce__(self):
        return "NoDefault"


_NoDefaultType.__name__ = _NoDefaultType.__qualname__ = "NoDefaultType"
NoDefault = object.__new__(_NoDefaultType)


# Stands for what the compiler's function computes when it is first asked for.
_unevaluated = object()


class _Parameter:
    def __init_subclass__(cls, final=True):
        if cls.__module__ != __name__:
            raise TypeError(f"type 'typing.{cls.__mro__[1].__name__}' is not an acceptable base type")

    def _lazy(self, name):
        value = getattr(self, "_" + name)
        if value is _unevaluated:
            value = getattr(self, "_evaluate_" + name)(1)
            setattr(self, "_" + name, value)
        return value

    @property
    def __default__(self):
        return self._lazy("default")

    @__default__.setter
    def __default__(self, evaluate):
        # The compiler hands over a function that computes the default.
        self._evaluate_default = evaluate
        self._default = _unevaluated

    @property
    def evaluate_default(self):
        if self._evaluate_default is None and self._default is not NoDefault:
            return _constant(self._default)
        return self._evaluate_default

    def has_default(self):
        return self._default is not NoDefault

    def __or__(self, other):
        return _union(self, other)

    def __ror__(self, other):
        return _union(other, self)

    def __reduce__(self):
        return self.__name__

    def __mro_entries__(self, bases):
        raise TypeError(f"Cannot subclass an instance of {type(self).__name__}")

    def __repr__(self):
        if self._infer_variance:
            return self.__name__
        sign = "+" if self.__covariant__ else "-" if self.__contravariant__ else "~"
        return sign + self.__name__

    def _init(self, name, bound, covariant, contravariant, infer_variance, default, module):
        if not isinstance(name, str):
            raise TypeError(f"{type(self).__name__}() argument 'name' must be str, not {type(name).__name__}")
        if covariant and contravariant:
            raise ValueError("Bivariant types are not supported.")
        if infer_variance and (covariant or contravariant):
            raise ValueError("Variance cannot be specified with infer_variance.")
        self.__name__ = name
        self.__covariant__ = bool(covariant)
        self.__contravariant__ = bool(contravariant)
        self._infer_variance = self.__infer_variance__ = bool(infer_variance)
        self._bound = bound
        self._evaluate_bound = None
        self._default = default
        self._evaluate_default = None
        self.__module__ = module


class TypeVar(_Parameter):
    def __init__(self, name, *constraints, bound=None, default=NoDefault, covariant=False, contravariant=False,
                 infer_variance=False):
        if len(constraints) == 1:
            raise TypeError("A single constraint is not allowed")
        if constraints and bound is not None:
            raise TypeError("Constraints cannot be combined with bound=...")
        if bound is not None:
            bound = _typing()._type_check(bound, "Bound must be a type.")
        self._init(name, bound, covariant, contravariant, infer_variance, default, _caller())
        self._constraints = constraints
        self._evaluate_constraints = None

    @property
    def __bound__(self):
        return self._lazy("bound")

    @property
    def __constraints__(self):
        return self._lazy("constraints")

    @property
    def evaluate_bound(self):
        if self._evaluate_bound is None and self._bound is not None:
            return _constant(self._bound)
        return self._evaluate_bound

    @property
    def evaluate_constraints(self):
        if self._evaluate_constraints is None and self._constraints:
            return _constant(self._constraints)
        return self._evaluate_constraints

    def __typing_subst__(self, arg):
        return _typing()._typevar_subst(self, arg)

    def __typing_prepare_subst__(self, alias, args):
        params = alias.__parameters__
        at = params.index(self)
        if at < len(args):
            return args
        if at == len(args) and self.has_default():
            return (*args, self.__default__)
        few = sum(not p.has_default() for p in params)
        raise TypeError(f"Too few arguments for {alias}; actual {len(args)}, expected "
                        f"{'at least ' if few < len(params) else ''}{few}")


class ParamSpecArgs:
    def __init_subclass__(cls):
        raise TypeError("type 'typing.ParamSpecArgs' is not an acceptable base type")

    def __init__(self, origin):
        self.__origin__ = origin

    def __repr__(self):
        return f"{self.__origin__.__name__}.args"

    def __eq__(self, other):
        return self.__origin__ == other.__origin__ if isinstance(other, ParamSpecArgs) else NotImplemented

    __hash__ = None

    def __mro_entries__(self, bases):
        raise TypeError("Cannot subclass an instance of ParamSpecArgs")


class ParamSpecKwargs:
    def __init_subclass__(cls):
        raise TypeError("type 'typing.ParamSpecKwargs' is not an acceptable base type")

    def __init__(self, origin):
        self.__origin__ = origin

    def __repr__(self):
        return f"{self.__origin__.__name__}.kwargs"

    def __eq__(self, other):
        return self.__origin__ == other.__origin__ if isinstance(other, ParamSpecKwargs) else NotImplemented

    __hash__ = None

    def __mro_entries__(self, bases):
        raise TypeError("Cannot subclass an instance of ParamSpecKwargs")


class ParamSpec(_Parameter):
    def __init__(self, name, *, bound=None, default=NoDefault, covariant=False, contravariant=False, infer_variance=False):
        self._init(name, bound, covariant, contravariant, infer_variance, default, _caller())

    __bound__ = property(lambda self: self._bound)
    args = property(ParamSpecArgs)
    kwargs = property(ParamSpecKwargs)

    def __typing_subst__(self, arg):
        return _typing()._paramspec_subst(self, arg)

    def __typing_prepare_subst__(self, alias, args):
        return _typing()._paramspec_prepare_subst(self, alias, args)


class TypeVarTuple(_Parameter):
    def __init__(self, name, *, default=NoDefault):
        self._init(name, None, False, False, True, default, _caller())

    def __repr__(self):
        return self.__name__

    def __iter__(self):
        yield _typing().Unpack[self]

    def __typing_subst__(self, arg):
        raise TypeError("Substitution of bare TypeVarTuple is not supported")

    def __typing_prepare_subst__(self, alias, args):
        return _typing()._typevartuple_prepare_subst(self, alias, args)


class TypeAliasType:
    def __init__(self, name, value, *, type_params=()):
        if not isinstance(type_params, tuple):
            raise TypeError("type_params must be a tuple")
        default_seen = False
        for param in type_params:
            if not isinstance(param, (_Parameter, _typing()._UnpackGenericAlias)):
                raise TypeError(f"Expected a type param, got {param!r}")
            if getattr(param, "has_default", bool)():
                default_seen = True
            elif default_seen:
                raise TypeError(f"non-default type parameter '{param!r}' follows default type parameter")
        self._init(name, value, type_params, None, _caller())

    def _init(self, name, value, type_params, evaluate, module):
        self.__name__ = name
        self.__type_params__ = type_params
        self._value = value
        self._evaluate = evaluate
        self.__module__ = module

    def __init_subclass__(cls):
        raise TypeError("type 'typing.TypeAliasType' is not an acceptable base type")

    @property
    def __value__(self):
        if self._value is _unevaluated:
            self._value = self._evaluate(1)
        return self._value

    @property
    def evaluate_value(self):
        return _constant(self._value) if self._evaluate is None else self._evaluate

    @property
    def __parameters__(self):
        return _unpacked(self.__type_params__)

    def __getitem__(self, item):
        if not self.__type_params__:
            raise TypeError("Only generic type aliases are subscriptable")
        return _GenericAlias(self, item)

    def __or__(self, other):
        return _union(self, other)

    def __ror__(self, other):
        return _union(other, self)

    def __iter__(self):
        yield _typing().Unpack[self]

    def __repr__(self):
        return self.__name__

    def __reduce__(self):
        return self.__name__


def _unpacked(params):
    """Type parameters as arguments: a TypeVarTuple stands for several."""
    out = []
    for p in params:
        out.extend(p if isinstance(p, TypeVarTuple) else (p,))
    return tuple(out)


def _starred(alias):
    """`*alias`, for pickles of it."""
    return next(iter(alias))


# What compiled code calls.


def _subscript_generic(params):
    """The last base of `class A[T]`."""
    return Generic[_unpacked(params)]


def _new_parameter(cls, name):
    param = cls.__new__(cls)
    param._init(name, None, False, False, True, NoDefault, "typing")
    return param


def _type_var(name):
    param = _new_parameter(TypeVar, name)
    param._constraints = ()
    param._evaluate_constraints = None
    return param


def _type_var_with_bound(name, evaluate):
    param = _type_var(name)
    param._bound = _unevaluated
    param._evaluate_bound = evaluate
    return param


def _type_var_with_constraints(name, evaluate):
    param = _type_var(name)
    param._constraints = _unevaluated
    param._evaluate_constraints = evaluate
    return param


def _param_spec(name):
    return _new_parameter(ParamSpec, name)


def _type_var_tuple(name):
    return _new_parameter(TypeVarTuple, name)


def _type_alias(parts):
    name, params, evaluate = parts
    alias = TypeAliasType.__new__(TypeAliasType)
    alias._init(name, _unevaluated, params or (), evaluate, _caller())
    return alias


class Generic:
    __slots__ = ()
    _is_protocol = False

    def __class_getitem__(cls, *args, **kwargs):
        return _typing()._generic_class_getitem(cls, *args, **kwargs)

    def __init_subclass__(cls, *args, **kwargs):
        return _typing()._generic_init_subclass(cls, *args, **kwargs)


for _class in (TypeVar, ParamSpec, ParamSpecArgs, ParamSpecKwargs, TypeVarTuple, TypeAliasType, Generic, _NoDefaultType):
    _class.__module__ = "typing"
    if _class is not Generic:
        _make_immutable(_class)
del _class
