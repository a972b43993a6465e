"""The environment of what the session bus starts, kept true (dbus-update-activation-environment(1)).

The bus is older than the compositor and has the WAYLAND_DISPLAY that was promised to it; which socket a compositor
makes it decides itself. So a process stays behind until that is known, tells the bus and is gone.
"""

import os
import select
import time

from p7 import background, log, proc, service
from p7.identity import User
from p7.root import Root
from p7.session_env import block

_PROGRAM = "dbus-update-activation-environment"
_PATIENCE_SEC = 30.0
_RETRY_MSEC = 20
_ANSWER_SEC = 5.0


def follow(root: Root, user: User, environment: dict[str, str]) -> None:
    """Have the session bus told of `environment`, once the program that this process becomes has its socket.

    That program gets no child, no descriptor and no variable by it.
    """
    program = proc.find(_PROGRAM, environment["PATH"])
    if not program:
        log.warning(f"{_PROGRAM} is not installed: what D-Bus starts may look for the compositor in the wrong place")
        return
    leader, leader_fd = os.getpid(), os.pidfd_open(os.getpid())

    def tell() -> None:
        # Moving to another cgroup holds up every execve(2) meanwhile, and the leader's is about to come.
        time.sleep(_RETRY_MSEC / 1000)
        service.join(service.group(root, user))
        if environment["XDG_SESSION_TYPE"] == "wayland":
            name = _wait(root, root.path(user.runtime_path), leader, leader_fd)
            if not name:
                return
            environment["WAYLAND_DISPLAY"] = name
        _update(program, environment)

    background.detach(tell)
    os.close(leader_fd)


def _wait(root: Root, folder: str, leader: int, leader_fd: int) -> str:
    """The name of the leader's Wayland socket; empty if it has ended, or has made none in time."""
    poll = select.poll()
    poll.register(leader_fd, select.POLLIN)
    foreign: set[tuple[str, int]] = set()  # another compositor's: it need not see a client each time we look
    end = time.monotonic() + _PATIENCE_SEC
    while not poll.poll(_RETRY_MSEC):
        for name, inode in _sockets(folder):
            listener = service.listener(f"{folder}/{name}") if (name, inode) not in foreign else -1
            if proc.descends(root, listener, leader):
                return name
            if listener >= 0:
                foreign.add((name, inode))
        if time.monotonic() > end:
            log.warning(f"the compositor listens on no wayland-* in {folder} after {_PATIENCE_SEC:.0f} s")
            break
    return ""


def _sockets(folder: str) -> list[tuple[str, int]]:
    """The names and inodes of what wl_display_add_socket_auto() makes, beside its locks."""
    with os.scandir(folder) as entries:
        found = [(entry.name, entry.inode()) for entry in entries if entry.name.startswith("wayland-")]
    return sorted(entry for entry in found if not entry[0].endswith(".lock"))


def _update(program: str, environment: dict[str, str]) -> None:
    pid = os.posix_spawn(program, [_PROGRAM, "--all"], block(environment))
    status = proc.wait(pid, _ANSWER_SEC)
    if status != 0:
        log.warning(f"{program} ended with {status}: what D-Bus starts may look for the compositor in the wrong place")
