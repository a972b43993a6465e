"""System calls that os does not have, by number: mount(2), umount2(2), prctl(2), capset(2), prlimit(2), seccomp(2).

The one door to them is syscall(): a built-in module of the static form's launcher, or _ctypes, which costs a tenth of a
bare start; so callers import this module only when they need a call.
"""

import errno
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# asm/unistd.h of the architectures Arch-based systems run on
_NUMBERS = {
    "x86_64": {"capset": 126, "prctl": 157, "mount": 165, "umount2": 166, "prlimit64": 302, "seccomp": 317},
    "aarch64": {"capset": 91, "prctl": 167, "mount": 40, "umount2": 39, "prlimit64": 261, "seccomp": 277},
}

MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND = 2, 4, 8, 32, 4096
MNT_DETACH = 2
PR_SET_PDEATHSIG, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 24, 38
_SECCOMP_SET_MODE_FILTER = 1
_SOCK_FILTER = 8  # its size in bytes
_RLIMIT_NOFILE = 7


_machine = os.uname().machine
_door: "Callable[..., tuple[int, int]] | None" = None  # made by the first call


def _syscall(name: str, *arguments: int | bytes | None) -> int:
    global _door
    if _machine not in _NUMBERS:
        raise OSError(errno.ENOSYS, f"{name}: p7 does not know the system calls of {_machine}")
    _door = _door or _make_door()
    result, error = _door(_NUMBERS[_machine][name], *arguments)
    if result < 0:
        raise OSError(error, os.strerror(error))
    return result


def _make_door() -> "Callable[..., tuple[int, int]]":
    """A function (number, int | bytes | None ...) -> (result, errno)."""
    if "_p7" not in sys.builtin_module_names:
        return _ctypes_door()
    from _p7 import syscall

    return syscall  # type: ignore[no-any-return]


def _ctypes_door() -> "Callable[..., tuple[int, int]]":
    """The same by what is below ctypes: that package would cost a fifth of a bare start more, for types we need not."""
    import _ctypes

    class Long(_ctypes._SimpleCData):  # type: ignore[type-arg]
        _type_ = "l"

    class Function(_ctypes.CFuncPtr):
        _flags_ = _ctypes.FUNCFLAG_CDECL | _ctypes.FUNCFLAG_USE_ERRNO
        _restype_ = Long

    function = Function(_ctypes.dlsym(_ctypes.dlopen(None, 0), "syscall"))  # type: ignore[arg-type]

    def syscall(*arguments: int | bytes | None) -> tuple[int, int]:
        # Bytes and None go as pointers already; a plain int would be cut to 32 bits.
        result = function(*(Long(a) if isinstance(a, int) else a for a in arguments))
        return result, _ctypes.get_errno()

    return syscall


def mount(source: str, target: str, kind: str, flags: int = 0, data: str = "") -> None:
    """mount(2). Raises OSError with target as its filename."""
    try:
        _syscall("mount", os.fsencode(source), os.fsencode(target), kind.encode(), flags, data.encode())
    except OSError as error:
        raise OSError(error.errno, error.strerror, target) from None


def umount(target: str, flags: int = 0) -> None:
    """umount2(2). Raises OSError with target as its filename."""
    try:
        _syscall("umount2", os.fsencode(target), flags)
    except OSError as error:
        raise OSError(error.errno, error.strerror, target) from None


def prctl(option: int, argument: int | bytes = 0) -> None:
    """prctl(2) with one argument and zeroes for the rest. Raises OSError."""
    _syscall("prctl", option, argument, 0, 0, 0)


def capset_empty() -> None:
    """capset(2): no capability in this thread's permitted, effective and inheritable sets. Raises OSError."""
    version_3, this_thread = 0x20080522, 0
    header = version_3.to_bytes(4, sys.byteorder) + this_thread.to_bytes(4, sys.byteorder)
    _syscall("capset", header, bytes(24))


def seccomp_filter(program: bytes) -> None:
    """seccomp(2): let an array of struct sock_filter judge this thread's system calls, for good. Raises OSError."""
    # Where the bytes are: the last member of PyBytesObject, with one zero behind them. array could tell, but would
    # import collections.
    address = id(program) + bytes.__basicsize__ - 1
    length = (len(program) // _SOCK_FILTER).to_bytes(2, sys.byteorder)
    sock_fprog = length + bytes(6) + address.to_bytes(8, sys.byteorder)
    _syscall("seccomp", _SECCOMP_SET_MODE_FILTER, 0, sock_fprog)


def limit_open_files(number: int) -> None:
    """Let this process have so many descriptors, no fewer and no more (RLIMIT_NOFILE, prlimit(2)). Raises OSError.

    As many as its hard limit where that is lower and there is no CAP_SYS_RESOURCE, as in a container.
    """
    try:
        _set_open_files(number)
    except PermissionError:
        with open("/proc/self/limits", "rb") as file:
            fields = next(line.split() for line in file if line.startswith(b"Max open files"))  # soft, hard, unit
        _set_open_files(int(fields[4]))


def _set_open_files(number: int) -> None:
    limit = number.to_bytes(8, sys.byteorder)
    _syscall("prlimit64", 0, _RLIMIT_NOFILE, limit * 2, None)  # struct rlimit64: soft, hard
