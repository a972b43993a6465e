"""The bridge on a bus of its own, in namespaces of its own; p7 as built, dbus-daemon as the distribution has it."""

from __future__ import annotations

import os
import select
import subprocess
from collections.abc import Sequence
from pathlib import Path
from signal import SIGKILL, SIGTERM
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

from tests.bus.client import Client
from tests.lab import bus
from tests.lab.private import LAIN, PASSWD, Private

# A stand-in for the kernel's door to sleep: whatever a test asks for, the machine it runs on stays awake.
POWER = """\
mount -t tmpfs tmpfs /sys/power
echo "freeze mem disk" >/sys/power/state
echo "[platform] shutdown suspend" >/sys/power/disk
echo "s2idle [deep]" >/sys/power/mem_sleep
echo 0:0 >/sys/power/resume
echo 0 >/sys/power/resume_offset
"""
# openrc-shutdown, to be asked for; nothing here runs it.
PROGRAMS = """\
mkdir /run/programs
printf '#!/bin/sh\\nexit 1\\n' >/run/programs/openrc-shutdown
chmod 755 /run/programs/openrc-shutdown
mount -t overlay -o lowerdir=/run/programs:/usr/bin overlay /usr/bin
"""
POLKIT = '<include ignore_missing="yes">/usr/share/dbus-1/system.d/org.freedesktop.PolicyKit1.conf</include>'
MORE = f"""{POLKIT}
<limit name="max_replies_per_connection">50000</limit><limit name="max_message_unix_fds">64</limit>"""


class Machine:
    """A Private machine with a system bus, on which p7's bridge runs once started."""

    def __init__(self, p7: Path, *, toml: str = "", passwd: str = PASSWD) -> None:
        self.p7 = p7
        self.private = Private(toml=toml, passwd=passwd, cgroups="unified")

    def __enter__(self) -> Self:
        self._folder = TemporaryDirectory(prefix="p7-bus-")
        folder = Path(self._folder.name)
        folder.chmod(0o755)  # every uid connects
        self.address = f"unix:path={folder}/bus"
        self._config = folder / "bus.conf"
        self._log = folder / "log"
        self._config.write_text(bus.config(f"{folder}/bus", more=MORE))
        self.private.__enter__()
        self.private.path("/run/dbus").mkdir()
        self.sh(POWER + PROGRAMS)
        for applet in ("cgroup-delegate", "lainos-ghost-units"):
            done = self.private.run([self.p7, applet])
            assert done.returncode == 0, done.stderr
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.private.__exit__(kind, error, trace)
        self._folder.cleanup()

    def start(self) -> Self:
        """Bus and bridge."""
        self.start_bus()
        self.start_bridge()
        return self

    def start_bus(self) -> None:
        """dbus-daemon, until it says its address."""
        command = ["dbus-daemon", f"--config-file={self._config}", "--nofork", "--nopidfile", "--print-address"]
        self.bus = self.private.start(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert self.bus.stdout is not None
        assert self.bus.stdout.readline()

    def stop_bus(self) -> None:
        """Kill dbus-daemon, as a crash would."""
        for pid in _children(self.bus.pid):
            os.kill(pid, SIGKILL)
        self.bus.communicate(timeout=5)

    def start_bridge(self) -> None:
        """The bridge, until it says that it is ready."""
        assert self.try_bridge(), self.ended()

    def try_bridge(self) -> bool:
        """The bridge, until it says that it is ready, or ends without."""
        read_fd, write_fd = os.pipe()
        command = [self.p7, "lainos-dbus-bridge", "--ready-fd", str(write_fd)]
        with self._log.open("w") as log:
            self.bridge = self.private.start(command, pass_fds=[write_fd], stderr=log)
        os.close(write_fd)
        try:
            said = select.select([read_fd], [], [], 20)[0]
            return bool(said) and os.read(read_fd, 1) == b"\n"
        finally:
            os.close(read_fd)

    def client(self, uid: int = LAIN) -> Client:
        """Someone on the bus, without a pid that this bus's namespace knows."""
        return Client(self.address, uid)

    def path(self, inside: str) -> Path:
        """A path inside, as the test reaches it."""
        return self.private.path(inside)

    def run(self, argv: Sequence[str | Path], uid: int = LAIN, **keywords: Any) -> subprocess.CompletedProcess[str]:
        """A program inside, to its end."""
        return self.private.run(argv, uid, **keywords)

    def sh(self, script: str) -> str:
        """A shell script inside, as root; what it prints."""
        return self.output("sh", "-ec", script, uid=0)

    def output(self, *argv: str, uid: int = LAIN) -> str:
        """What a program inside prints; it must succeed."""
        done = self.run(argv, uid)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def pids(self) -> tuple[int, int]:
        """Broker and facade, as the test sees them."""
        (broker,) = _children(self.bridge.pid)
        (facade,) = _children(broker)
        return broker, facade

    def stop_bridge(self, number: int = SIGTERM) -> tuple[int, str]:
        """Signal the broker; its exit status, and what the bridge had logged."""
        os.kill(self.pids()[0], number)
        return self.ended()

    def ended(self) -> tuple[int, str]:
        """The exit status of a bridge that ends, and what it had logged."""
        return self.bridge.wait(timeout=5), self._log.read_text()


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
