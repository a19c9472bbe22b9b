"""The warnings machinery that the library expects natively (overlay)."""

from _py_warnings import filters, onceregistry, warn, warn_explicit
from _py_warnings import defaultaction as _defaultaction
from _py_warnings import _filters_mutated_lock_held
