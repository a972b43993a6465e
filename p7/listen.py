"""Where p7's daemons listen: a path below /run, taken from a dead predecessor but from nobody else."""

import _socket
import os
import stat

from p7 import Failure, ops
from p7.root import Root


def bind(socket: _socket.socket, root: Root, path: str, mode: int) -> None:
    """Bind a Unix socket at `path` with this mode. Raises Failure if something alive or foreign is there."""
    real = root.path(path)
    _clear(socket.type, path, real)
    try:
        socket.bind(real)
        os.chmod(real, mode)  # whatever the umask says
    except OSError as error:
        raise Failure(f"{real}: {error.strerror or error}") from None  # a path that is too long has no strerror


def _clear(kind: int, path: str, real: str) -> None:
    """Take away the socket that a killed predecessor left."""
    try:
        mode = os.lstat(real).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise ops.in_the_way(real, None, path, "a socket")
    if _is_served(kind, real):
        raise Failure(f"{path}: another process serves it already")
    os.unlink(real)


def _is_served(kind: int, real: str) -> bool:
    probe = _socket.socket(_socket.AF_UNIX, kind | _socket.SOCK_NONBLOCK | _socket.SOCK_CLOEXEC)
    try:
        probe.connect(real)
    except (ConnectionRefusedError, FileNotFoundError):
        return False
    except OSError:
        pass  # a full backlog, or another type of socket: alive all the same
    finally:
        probe.close()
    return True
