"""A private machine with what comes before a login: cgroups, the ghost files, a system bus and the bridge.

with Seat(p7) as seat:
    login = seat.login()
    assert seat.session()["LEADER"] == str(login.pid)
"""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

from p7 import sdlogin
from p7.build import SYSTEM_PYTHON
from tests.lab import bus
from tests.lab.private import LAIN, Private
from tests.need import need

SCOPE = "/sys/fs/cgroup/user.slice/user-1000.slice/session-1.scope"

# What a login runs in a compositor's place: says what it got, listens as one does, and stays.
COMPOSITOR = """\
#!/bin/sh
{ tr '\\0' '\\n' </proc/self/environ; } >/run/user/1000/environ
exec /run/listen wayland-1
"""
LISTEN = f"""\
#!{SYSTEM_PYTHON} -IS
import os, socket, sys
path = "/run/user/1000/" + sys.argv[1]
if os.path.exists(path):
    os.unlink(path)
listener = socket.socket(socket.AF_UNIX)
listener.bind(path)
listener.listen()
listener.set_inheritable(True)
os.execlp("sleep", "sleep", "60")
"""


class Seat(Private):
    """`cgroups` and the other arguments are Private's."""

    def __init__(self, p7: Path, **options: Any) -> None:
        super().__init__(**{"cgroups": "unified", **options})
        self.p7 = p7
        self.log = ""

    def __enter__(self) -> Self:
        need("dbus-daemon", "dbus-daemon")
        super().__enter__()
        for applet in ("cgroup-delegate", "lainos-ghost-units"):
            self.run([self.p7, applet])
        self.put("/run/bus.conf", bus.config())
        self.put("/run/compositor", COMPOSITOR, 0o755)
        self.put("/run/listen", LISTEN, 0o755)
        self.path("/run/dbus").mkdir()
        self.run(["dbus-daemon", "--config-file=/run/bus.conf", "--fork"])
        self.bridge = self.start_bridge()
        return self

    def put(self, path: str, text: str, mode: int = 0o644) -> None:
        """Write a file inside."""
        real = self.path(path)
        real.parent.mkdir(parents=True, exist_ok=True)
        real.write_text(text)
        real.chmod(mode)

    def start_bridge(self) -> Bridge:
        """Start lainos-dbus-bridge and wait until it is ready."""
        return Bridge(self)

    def login(self, *, uid: int = LAIN, **variables: str) -> Process:
        """Run lainos-init with an environment of these variables alone; it becomes a stand-in of a compositor."""
        variables = {"P7_COMPOSITOR": "/run/compositor", **variables}
        assignments = [f"{name}={value}" for name, value in variables.items()]
        return Process(self, ["env", "-i", *assignments, self.p7, "lainos-init"], uid)

    def session(self) -> dict[str, str]:
        """What /run/systemd/sessions/1 says."""
        return sdlogin.parse(self.path("/run/systemd/sessions/1").read_text())

    def processes(self, below: str = "") -> list[str]:
        """The commands that run in the session's scope, or in a cgroup below it."""
        names = self.run(["sh", "-c", f"cat $(find {SCOPE}{below} -name cgroup.procs) | xargs -r ps -o comm= -p"])
        return sorted(names.stdout.split())

    def owner(self, path: str) -> int:
        """The uid that a path inside belongs to."""
        return self.path(path).lstat().st_uid

    def make_vt(self, number: int, owner: int = 0) -> str:
        """A virtual terminal's node, as udev would make it."""
        path = f"/dev/tty{number}"
        os.mknod(self.path(path), 0o620 | stat.S_IFCHR, os.makedev(4, number))
        os.chown(self.path(path), owner, 5)
        return path


class Process:
    """A process inside. `pid` is its number there, `outer` the one that the test may signal."""

    def __init__(self, seat: Seat, argv: list[Any], uid: int = 0, **keywords: Any) -> None:
        self.popen = seat.start(argv, uid, stderr=subprocess.PIPE, **keywords)
        children = Path(f"/proc/{self.popen.pid}/task/{self.popen.pid}/children")
        wait(lambda: children.read_text() != "" or self.popen.poll() is not None, "nsenter forked")
        self.outer = int(children.read_text() or 0)

    @property
    def pid(self) -> int:
        """NSpid of proc_pid_status(5)."""
        return int(self.status("NSpid").split()[-1])

    def status(self, key: str) -> str:
        """A line of /proc/PID/status."""
        lines = Path(f"/proc/{self.outer}/status").read_text().splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith(f"{key}:"))

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send it a signal."""
        os.kill(self.outer, number)

    def ended(self) -> tuple[int, str]:
        """Its exit status as the shell has it, and what it wrote to stderr, once it has ended."""
        error = self.popen.communicate(timeout=10)[1]
        code = self.popen.returncode
        return code if code >= 0 else 128 - code, error


class Bridge(Process):
    """lainos-dbus-bridge: the process is the broker, `facade` its child. `through` is what executes it, if not we."""

    def __init__(self, seat: Seat, through: Sequence[str] = ()) -> None:
        read_fd, write_fd = os.pipe()
        command = [*through, seat.p7, "lainos-dbus-bridge", "--ready-fd", str(write_fd)]
        super().__init__(seat, command, pass_fds=[write_fd])
        os.close(write_fd)
        with open(read_fd, "rb", buffering=0) as ready:
            self.ready = ready.read(1) == b"\n"
        if not self.ready:
            raise AssertionError(self.ended())
        self.facade = int(Path(f"/proc/{self.outer}/task/{self.outer}/children").read_text())


def wait(true: Callable[[], bool], what: str, seconds: float = 10) -> None:
    """Ask every 10 ms until it is so; AssertionError if it never is."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.01)


def environ(seat: Seat) -> dict[str, str]:
    """The environment that the stand-in compositor got, once it has written it all."""
    path = seat.path("/run/user/1000/environ")
    wait(lambda: path.exists() and path.read_bytes() != b"" and "sleep" in seat.processes(), "the compositor runs")
    return dict(line.split("=", 1) for line in path.read_text(errors="surrogateescape").splitlines())
