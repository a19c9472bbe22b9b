"""What dis and opcode ask about instructions (part of typhon's overlay).

Typhon's bytecode is its own; CPython's instruction tables do not describe it.
"""

ENABLE_SPECIALIZATION = True
ENABLE_SPECIALIZATION_FT = True


def stack_effect(opcode, oparg=None, /, *, jump=None):
    raise NotImplementedError("typhon's code has registers, not a stack")


def is_valid(opcode):
    return False


def _no(opcode):
    return False


has_arg = has_const = has_name = has_jump = has_free = has_local = has_exc = _no


def get_nb_ops():
    return []


def get_intrinsic1_descs():
    return []


def get_intrinsic2_descs():
    return []


def get_special_method_names():
    return ["__enter__", "__exit__", "__aenter__", "__aexit__"]


def get_executor(*, code, offset):
    raise RuntimeError("Executors are not available in this build")


def get_specialization_stats():
    return None
