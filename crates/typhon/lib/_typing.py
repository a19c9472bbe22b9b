"""Type parameters and Generic (part of typhon's overlay; PEP 695, PEP 696)."""

from types import UnionType as Union
from types import GenericAlias as _GenericAlias
import sys as _sys


def _idfunc(self, x):
    return x


def _typing():
    import typing
    return typing


def _caller():
    try:
        return _sys._getframemodulename(2) or "__main__"
    except AttributeError:
        return None


class _NoDefaultType:
    __slots__ = ()

    def __new__(cls):
        return NoDefault

    def __repr__(self):
        return "typing.NoDefault"

    def __reduce__(self):
        return "NoDefault"


_NoDefaultType.__name__ = _NoDefaultType.__qualname__ = "NoDefaultType"
NoDefault = object.__new__(_NoDefaultType)


class _Parameter:
    def __init_subclass__(cls, final=True):
        if cls.__module__ != __name__:
            raise TypeError(f"type 'typing.{cls.__mro__[1].__name__}' is not an acceptable base type")

    def _lazy(self, name):
        value = getattr(self, "_" + name)
        if callable(getattr(self, "_evaluate_" + name, None)):
            value = getattr(self, "_evaluate_" + name)(1)
            setattr(self, "_evaluate_" + name, None)
            setattr(self, "_" + name, value)
        return value

    @property
    def __default__(self):
        return self._lazy("default")

    @__default__.setter
    def __default__(self, evaluate):
        # The compiler hands over a function that computes the default.
        self._evaluate_default = evaluate

    @property
    def evaluate_default(self):
        if self._evaluate_default is not None:
            return self._evaluate_default
        if self._default is NoDefault:
            return None
        value = self._default
        return lambda format=1, /: value

    def has_default(self):
        return self._evaluate_default is not None or self._default is not NoDefault

    def __or__(self, other):
        return _typing().Union[self, other]

    def __ror__(self, other):
        return _typing().Union[other, self]

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
        if module != "typing":
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

    evaluate_bound = property(lambda self: self._evaluate_bound)
    evaluate_constraints = property(lambda self: self._evaluate_constraints)

    def __typing_subst__(self, arg):
        return _typing()._typevar_subst(self, arg)

    def __typing_prepare_subst__(self, alias, args):
        params = alias.__parameters__
        at = params.index(self)
        if at < len(args):
            return args
        if at == len(args) and self.has_default():
            return (*args, self.__default__)
        raise TypeError(f"Too few arguments for {alias}")


class ParamSpecArgs:
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
        if bound is not None:
            bound = _typing()._type_check(bound, "Bound must be a type.")
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
    def __init__(self, name, value=None, *, type_params=()):
        # `type X = ...` passes one tuple: name, parameters, evaluator.
        if isinstance(name, tuple):
            name, params, evaluate = name
            self.__type_params__ = params or ()
            self._evaluate = evaluate
        else:
            if not isinstance(type_params, tuple):
                raise TypeError("type_params must be a tuple")
            self.__type_params__ = type_params
            self._evaluate = None
            self._value = value
        self.__name__ = name
        self.__module__ = _caller()

    def __init_subclass__(cls):
        raise TypeError("type 'typing.TypeAliasType' is not an acceptable base type")

    @property
    def __value__(self):
        if self._evaluate is not None:
            self._value = self._evaluate(1)
            self._evaluate = None
        return self._value

    @property
    def evaluate_value(self):
        if self._evaluate is not None:
            return self._evaluate
        return lambda format=1, /: self._value

    @property
    def __parameters__(self):
        out = []
        for p in self.__type_params__:
            out.extend(p if isinstance(p, TypeVarTuple) else (p,))
        return tuple(out)

    def __getitem__(self, item):
        if not self.__type_params__:
            raise TypeError("Only generic type aliases are subscriptable")
        return _GenericAlias(self, item)

    def __or__(self, other):
        return _typing().Union[self, other]

    def __ror__(self, other):
        return _typing().Union[other, self]

    def __iter__(self):
        yield _typing().Unpack[self]

    def __repr__(self):
        return self.__name__

    def __reduce__(self):
        return self.__name__


class Generic:
    __slots__ = ()
    _is_protocol = False

    def __class_getitem__(cls, *args, **kwargs):
        return _typing()._generic_class_getitem(cls, *args, **kwargs)

    def __init_subclass__(cls, *args, **kwargs):
        return _typing()._generic_init_subclass(cls, *args, **kwargs)


for _class in (TypeVar, ParamSpec, ParamSpecArgs, ParamSpecKwargs, TypeVarTuple, TypeAliasType, Generic, _NoDefaultType):
    _class.__module__ = "typing"
del _class
