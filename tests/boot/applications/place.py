"""A compositor of the session's that programs are started under: how it starts one, and which windows it shows."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from tests.lab.boot import Boot, until
from tests.lab.inside import RUNTIME_DIR, USER, ask, client

_numbers = count(1)


class Place:
    """`display` is the compositor's WAYLAND_DISPLAY; `execute` has it run a command line of the shell's."""

    def __init__(self, boot: Boot, display: str, execute: Callable[[str], object]) -> None:
        self.boot = boot
        bus = f"DBUS_SESSION_BUS_ADDRESS=unix:path={RUNTIME_DIR}/bus"
        self._environment = ["env", f"XDG_RUNTIME_DIR={RUNTIME_DIR}", f"WAYLAND_DISPLAY={display}", bus]
        self._execute = execute

    def start(self, command: str) -> Program:
        name = f"{RUNTIME_DIR}/program-{next(_numbers)}"
        self.boot.path(f"{name}.sh").write_text(f"echo $$ >{name}.pid\nexec {command} >{name}.log 2>&1\n")
        self._execute(f"sh {name}.sh")
        until(self.boot.path(f"{name}.log").exists, 10, f"{command} is started")
        return Program(self.boot, name)

    def ask(self, *argv: str) -> str:
        """What a command of the user's writes that finds this compositor, and the session's bus."""
        return ask(self.boot, *self._environment, *argv, user=USER)

    def on_the_bus(self) -> list[str]:
        """The pid of each connection to the session's bus, "-" of a name that has none."""
        rows = self.ask(client("busctl"), "--user", "list", "--no-legend").splitlines()
        return [row.split()[1] for row in rows]

    def windows(self) -> list[str]:
        """Of each "app_id: title", as the compositor tells its task bars (wlr-foreign-toplevel-management)."""
        return self.ask("wlrctl", "toplevel", "list").splitlines()


class Program:
    """One that was started."""

    def __init__(self, boot: Boot, name: str) -> None:
        self._boot = boot
        self._name = name
        self.pid = boot.path(f"{name}.pid").read_text().strip()

    def output(self) -> str:
        return self._boot.path(f"{self._name}.log").read_text(errors="replace")

    def runs(self) -> bool:
        return self._boot.path(f"proc/{self.pid}").exists()

    def stop(self) -> None:
        self._boot.run(["kill", self.pid])
        until(lambda: not self.runs(), 10, f"process {self.pid} has ended", self.output)
