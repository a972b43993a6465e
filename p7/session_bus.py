"""The session's own D-Bus daemon, on the path that DBUS_SESSION_BUS_ADDRESS names (dbus-daemon(1))."""

import _socket
import os

from p7 import cgroup, log, proc
from p7.identity import User
from p7.root import Root
from p7.session_env import block

_PATIENCE_SEC = 5.0


def ensure(root: Root, user: User, environment: dict[str, str]) -> None:
    """Start it if none answers there; without one the session goes on, and the log says so.

    What it activates gets `environment`.
    """
    path = root.path(f"{user.runtime_path}/bus")
    if answers(path):
        return
    program = proc.find("dbus-daemon", environment["PATH"])
    if not program:
        log.warning("no session bus: dbus-daemon is not installed")
        return
    try:
        os.unlink(path)  # a dead daemon's, which the next one could not bind to
    except FileNotFoundError:
        pass
    arguments = ["--session", f"--address=unix:path={path}", "--fork", "--nopidfile", "--syslog-only"]
    status = _run(program, ["dbus-daemon", *arguments], block(environment), services(root, user))
    if status != 0:
        log.warning(f"no session bus: {program} ended with {status}")


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


def services(root: Root, user: User) -> str:
    """The cgroup of what p7 starts for the session, which ends with it (p7.cgroup)."""
    return root.path(f"{cgroup.find(root).point}{user.scope}/services")


def _run(program: str, argv: list[str], environment: dict[bytes, bytes], group: str) -> int:
    """Run a program in a cgroup; its exit status as of proc.wait()."""
    pid = os.fork()
    if pid == 0:
        _become(program, argv, environment, group)
    return proc.wait(pid, _PATIENCE_SEC)


def _become(program: str, argv: list[str], environment: dict[bytes, bytes], group: str) -> None:
    """In the child: move, before the program forks children of its own; then be it."""
    try:
        fd = os.open(f"{group}/cgroup.procs", os.O_WRONLY | os.O_CLOEXEC)
        os.write(fd, b"0")
    except OSError:
        pass  # the session was not opened, as has been said
    try:
        proc.reset_signals()
        os.execve(program, argv, environment)
    except OSError:
        os._exit(126)
