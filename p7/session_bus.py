"""The session's own D-Bus daemon, on the path that DBUS_SESSION_BUS_ADDRESS names (dbus-daemon(1))."""

import os

from p7 import log, proc, service
from p7.identity import User
from p7.root import Root
from p7.session_env import block

_PATIENCE_SEC = 5.0


def ensure(root: Root, user: User, environment: dict[str, str]) -> None:
    """Start it if none answers there; without one the session goes on, and the log says so.

    What it activates gets `environment`.
    """
    path = root.path(f"{user.runtime_path}/bus")
    if service.answers(path):
        return
    program = proc.find("dbus-daemon", environment["PATH"])
    if not program:
        log.warning("no session bus: dbus-daemon is not installed")
        return
    try:
        os.unlink(path)  # a dead daemon's, which the next one could not bind to
    except FileNotFoundError:
        pass
    except OSError as error:
        log.warning(f"no session bus: {path}: {error.strerror}; what is there is no socket, so move it away")
        return
    arguments = ["--session", f"--address=unix:path={path}", "--fork", "--nopidfile", "--syslog-only"]
    pid = service.start(program, ["dbus-daemon", *arguments], block(environment), group=service.group(root, user))
    status = proc.wait(pid, _PATIENCE_SEC)
    if status != 0:
        log.warning(f"no session bus: {program} ended with {status}")
