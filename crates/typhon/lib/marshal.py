"""Internal serialisation (overlay): typhon has no marshal format yet."""

version = 5


def dump(value, file, version=version, /, *, allow_code=True):
    raise NotImplementedError("marshal is not implemented yet")


def dumps(value, version=version, /, *, allow_code=True):
    raise NotImplementedError("marshal is not implemented yet")


def load(file, /, *, allow_code=True):
    raise NotImplementedError("marshal is not implemented yet")


def loads(bytes, /, *, allow_code=True):
    raise NotImplementedError("marshal is not implemented yet")
