"""The session's services, which p7 starts and leaves to themselves: the bus, audio."""

import _socket
import os

from p7 import cgroup, proc
from p7.identity import User
from p7.root import Root


def group(root: Root, user: User) -> str:
    """The cgroup that they live in, and which ends with the session (p7.cgroup)."""
    return root.path(f"{cgroup.find(root).point}{user.scope}/services")


def start(program: str, argv: list[str], environment: dict[bytes, bytes], group: str, output_fd: int = -1) -> int:
    """Start a program in a session and, if that is there, a cgroup of its own; its pid.

    Its standard input is empty; output and errors go to `output_fd`, or where this process's go. If it cannot be
    executed, its exit status is 126, as the shell's.
    """
    pid = os.fork()
    if pid == 0:
        try:
            _become(program, argv, environment, group, output_fd)
        finally:
            os._exit(126)
    return pid


def answers(path: str) -> bool:
    """Whether somebody listens at a socket."""
    probe = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM | _socket.SOCK_CLOEXEC)
    try:
        probe.settimeout(1.0)
        probe.connect(path)
    except OSError:
        return False
    finally:
        probe.close()
    return True


def environment() -> dict[bytes, bytes]:
    """What this process was given to begin with: Python adds LC_CTYPE, the frozen form's launcher its own variables."""
    with open("/proc/self/environ", "rb") as file:
        given = {entry.partition(b"=")[0] for entry in file.read().split(b"\0")}
    return {name: value for name, value in os.environb.items() if name in given}


def _become(program: str, argv: list[str], environment: dict[bytes, bytes], group: str, output_fd: int) -> None:
    os.setsid()
    try:
        fd = os.open(f"{group}/cgroup.procs", os.O_WRONLY | os.O_CLOEXEC)
        os.write(fd, b"0")  # before the program has children of its own
    except OSError:
        pass  # no session was opened: whoever did that has said so
    null_fd = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
    os.dup2(null_fd, 0)
    for fd in (1, 2):
        if output_fd >= 0:
            os.dup2(output_fd, fd)
    proc.reset_signals()
    os.execve(program, argv, environment)
