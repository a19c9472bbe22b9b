

def __getattr__(name):
    # Of Python 3.15; loaded when somebody asks for one.
    if name in ("concurrent_tee", "serialize_iterator", "synchronized_iterator"):
        from typhon import _iterators
        return getattr(_iterators, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
