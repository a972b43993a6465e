"""The three that own org.freedesktop.login1, each on a bus of its own with one session: who is asked side by side."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.bench.bars import DBUSMOCK, ELOGIND
from tests.bench.daemon import descendants
from tests.bus.client import NAME, PATH, SESSION_PATH, Client
from tests.bus.machine import Machine
from tests.bus.oracle import Elogind
from tests.lab.private import LAIN, LAINOS

P7 = "p7"
_PATIENCE_SEC = 10.0


class Server(NamedTuple):
    """Where its bus listens, its session's object, and its processes as the machine outside counts them."""

    address: str
    session: str
    pids: Callable[[], list[int]]

    def client(self) -> Client:
        """root on its bus: elogind would ask polkit about anybody else."""
        return Client(self.address, 0)


@contextmanager
def bridge(p7: Path) -> Iterator[Server]:
    """p7's own."""
    with Machine(p7) as machine:
        machine.start()
        yield Server(machine.address, SESSION_PATH, lambda: descendants(machine.bridge.pid))


@contextmanager
def elogind(_p7: Path) -> Iterator[Server]:
    """The one of Debian trixie."""
    with Elogind() as oracle:
        yield Server(oracle.address, oracle.session[1], lambda: _named("elogind", oracle._process.pid))


@contextmanager
def dbusmock(p7: Path) -> Iterator[Server]:
    """python-dbusmock's logind template; it needs python3-dbusmock of the machine's distribution."""
    with Machine(p7) as machine:
        machine.start_bus()
        command = ["/usr/bin/python3", "-m", "dbusmock", "--template", "logind"]
        mock = machine.private.start(command, uid=LAINOS, stdout=subprocess.DEVNULL)
        with machine.client(0) as client:
            _wait_for(client)
            values = ("1", "seat0", LAIN, "lain", True)
            client.call("AddSession", "ssusb", *values, interface="org.freedesktop.DBus.Mock")
        yield Server(machine.address, f"{PATH}/session/1", lambda: descendants(mock.pid))


SERVERS = {P7: bridge, ELOGIND: elogind, DBUSMOCK: dbusmock}


def _named(comm: str, pid: int) -> list[int]:
    return [child for child in descendants(pid) if Path(f"/proc/{child}/comm").read_text() == f"{comm}\n"]


def _wait_for(client: Client) -> None:
    deadline = time.monotonic() + _PATIENCE_SEC
    while not client.has_owner():
        if time.monotonic() > deadline:
            raise RuntimeError(f"nobody owns {NAME}")
        time.sleep(0.02)
