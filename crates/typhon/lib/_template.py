"""The types of t-strings (part of typhon's overlay; PEP 750)."""


class Interpolation:
    __match_args__ = ("value", "expression", "conversion", "format_spec")
    __slots__ = ("value", "expression", "conversion", "format_spec")

    def __new__(cls, value, expression="", conversion=None, format_spec=""):
        if conversion not in (None, "s", "r", "a"):
            raise ValueError("Interpolation() argument 'conversion' must be one of 's', 'a' or 'r'")
        self = object.__new__(cls)
        put = object.__setattr__
        put(self, "value", value)
        put(self, "expression", expression)
        put(self, "conversion", conversion)
        put(self, "format_spec", format_spec)
        return self

    def __init_subclass__(cls):
        raise TypeError("type 'string.templatelib.Interpolation' is not an acceptable base type")

    __class_getitem__ = classmethod(type(list[int]))

    def __setattr__(self, name, value):
        raise AttributeError("readonly attribute")

    def __repr__(self):
        return f"Interpolation({self.value!r}, {self.expression!r}, {self.conversion!r}, {self.format_spec!r})"

    def __reduce__(self):
        return Interpolation, (self.value, self.expression, self.conversion, self.format_spec)


class Template:
    __slots__ = ("strings", "interpolations")

    def __new__(cls, *args, **kwargs):
        if kwargs:
            raise TypeError("Template.__new__ only accepts *args arguments")
        strings, interpolations, text = [], [], ""
        for arg in args:
            if isinstance(arg, str):
                text += arg
            elif isinstance(arg, Interpolation):
                strings.append(text)
                text = ""
                interpolations.append(arg)
            else:
                kind = type(arg).__name__
                raise TypeError(f"Template.__new__ *args need to be of type 'str' or 'Interpolation', got {kind}")
        strings.append(text)
        return _make(tuple(strings), tuple(interpolations))

    def __init_subclass__(cls):
        raise TypeError("type 'string.templatelib.Template' is not an acceptable base type")

    __class_getitem__ = classmethod(type(list[int]))

    def __reduce__(self):
        from string.templatelib import _template_unpickle

        return _template_unpickle, (self.strings, self.interpolations)

    def __setattr__(self, name, value):
        raise AttributeError("readonly attribute")

    @property
    def values(self):
        return tuple(i.value for i in self.interpolations)

    def __iter__(self):
        for text, part in zip(self.strings, (*self.interpolations, None)):
            if text:
                yield text
            if part is not None:
                yield part

    def __add__(self, other):
        if not isinstance(other, Template):
            kind = type(other).__name__
            raise TypeError(f'can only concatenate string.templatelib.Template (not "{kind}") to string.templatelib.Template')
        joined = self.strings[-1] + other.strings[0]
        return _make((*self.strings[:-1], joined, *other.strings[1:]), self.interpolations + other.interpolations)

    def __repr__(self):
        return f"Template(strings={self.strings!r}, interpolations={self.interpolations!r})"


def _make(strings, interpolations):
    self = object.__new__(Template)
    object.__setattr__(self, "strings", strings)
    object.__setattr__(self, "interpolations", interpolations)
    return self


Interpolation.__module__ = Template.__module__ = "string.templatelib"
