"""The session's services, which p7 starts and leaves to themselves: the bus, audio."""

import _socket
import os
import sys

from p7 import background, cgroup, proc
from p7.identity import User
from p7.root import Root


def group(root: Root, user: User) -> str:
    """The cgroup that they live in, and which ends with the session (p7.cgroup)."""
    return root.path(f"{cgroup.find(root).point}{user.scope}/services")


def start(
    program: str, argv: list[str], environment: dict[bytes, bytes], *, group: str = "", output_fd: int = -1
) -> int:
    """Start a program in a session of its own and, if one is named and there, in that cgroup; its pid.

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
    return listener(path) >= 0


def listener(path: str) -> int:
    """The pid of who listens at a socket; 0 if it has none here or does not come to accept, -1 if nobody does.

    The kernel tells by SO_PEERCRED (unix(7)). A full queue and a wait in vain are a busy one's, not a dead one's.
    """
    probe = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM | _socket.SOCK_CLOEXEC)
    try:
        probe.settimeout(1.0)
        probe.connect(path)
        credentials = probe.getsockopt(_socket.SOL_SOCKET, _socket.SO_PEERCRED, 12)  # pid, uid, gid
    except (FileNotFoundError, ConnectionRefusedError):
        return -1
    except OSError:
        return 0
    finally:
        probe.close()
    return int.from_bytes(credentials[:4], sys.byteorder)


def environment() -> dict[bytes, bytes]:
    """What this process was given to begin with: Python adds LC_CTYPE, the frozen form's launcher its own variables."""
    with open("/proc/self/environ", "rb") as file:
        given = {entry.partition(b"=")[0] for entry in file.read().split(b"\0")}
    return {name: value for name, value in os.environb.items() if name in given}


def _become(program: str, argv: list[str], environment: dict[bytes, bytes], group: str, output_fd: int) -> None:
    background.settle(output_fd)
    if group:
        join(group)  # before the program has children of its own
    proc.reset_signals()
    os.execve(program, argv, environment)


def join(group: str) -> None:
    """Move this process into a cgroup, if that is there."""
    try:
        fd = os.open(f"{group}/cgroup.procs", os.O_WRONLY | os.O_CLOEXEC)
        os.write(fd, b"0")
        os.close(fd)
    except OSError:
        pass  # no session was opened: whoever did that has said so
