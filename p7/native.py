"""Functions of a C library by name, where p7 has to ask one: libarchive. System calls are p7/linux.py's.

Arguments are int, bytes or None; the result is a C long, or the bytes of a string. The static form's launcher finds
and calls them, _ctypes does in the others.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Function = Callable[..., Any]

_FOUND: "dict[tuple[str, str], Function]" = {}


def function(library: str, name: str, count: int, *, is_text: bool = False) -> "Function":
    """One function of `count` arguments, looked for once. It returns an int, or with `is_text` bytes, None for NULL.

    Raises OSError with the dynamic linker's reason.
    """
    if (library, name) not in _FOUND:
        find = _by_launcher if "_p7" in sys.builtin_module_names else _by_ctypes
        _FOUND[library, name] = find(library, name, count, is_text)
    return _FOUND[library, name]


def _by_launcher(library: str, name: str, _count: int, is_text: bool) -> "Function":
    from _functools import partial  # type: ignore[import-not-found]  # functools loads collections

    from _p7 import call, call_text, find

    found: Function = partial(call_text if is_text else call, find(library, name))
    return found


def _by_ctypes(library: str, name: str, count: int, is_text: bool) -> "Function":
    import _ctypes

    class Long(_ctypes._SimpleCData):  # type: ignore[type-arg]
        _type_ = "l"

    class Text(_ctypes._SimpleCData):  # type: ignore[type-arg]
        _type_ = "z"

    # A pointer is as wide as a long, and is made of an int, bytes or None; left alone, an int would be a C int.
    class Pointer(_ctypes._SimpleCData):  # type: ignore[type-arg]
        _type_ = "P"

    class Found(_ctypes.CFuncPtr):
        _flags_ = _ctypes.FUNCFLAG_CDECL
        _restype_ = Text if is_text else Long
        _argtypes_ = (Pointer,) * count

    found: Function = Found(_ctypes.dlsym(_ctypes.dlopen(library, 0), name))
    return found


def signed(result: int) -> int:
    """The int that a function returned: of the long, only the lower half is its."""
    return ((result & 0xFFFFFFFF) ^ 0x80000000) - 0x80000000
