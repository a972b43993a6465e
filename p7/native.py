"""Functions of a C library by name, where p7 has to ask one: libarchive. System calls are p7/linux.py's.

Arguments are int, bytes or None; the result is a C long. The static form's launcher finds and calls them, _ctypes
does in the others.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Function = Callable[..., int]


def function(library: str, name: str) -> "Function":
    """One function. Raises OSError with the dynamic linker's reason."""
    if "_p7" not in sys.builtin_module_names:
        return _by_ctypes(library, name)
    from _p7 import call, find

    address = find(library, name)
    return lambda *arguments: call(address, *arguments)


def _by_ctypes(library: str, name: str) -> "Function":
    import _ctypes

    class Long(_ctypes._SimpleCData):  # type: ignore[type-arg]
        _type_ = "l"

    class Found(_ctypes.CFuncPtr):
        _flags_ = _ctypes.FUNCFLAG_CDECL
        _restype_ = Long

    class Pointer(_ctypes._SimpleCData):  # type: ignore[type-arg]
        _type_ = "P"

    # A pointer is as wide as a long, and is made of an int, bytes or None; left alone, an int would be a C int.
    as_pointer = Pointer.from_param
    found = Found(_ctypes.dlsym(_ctypes.dlopen(library, 0), name))
    return lambda *arguments: found(*map(as_pointer, arguments))


def signed(result: int) -> int:
    """The int that a function returned: of the long, only the lower half is its."""
    return ((result & 0xFFFFFFFF) ^ 0x80000000) - 0x80000000
