"""A daemon of p7's inside the namespaces, started until it says that it is ready."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from tests.lab.private import Private


class Daemon:
    """Started when the constructor returns; it ends with its machine. What it writes to stderr goes to `log`."""

    def __init__(self, machine: Private, argv: Sequence[str | Path], log: Path) -> None:
        read_fd, write_fd = os.pipe()
        with log.open("w") as file:
            command = [*argv, "--ready-fd", str(write_fd)]
            self._enter = machine.start(command, pass_fds=[write_fd], stderr=file)
        os.close(write_fd)
        said = os.read(read_fd, 1)
        os.close(read_fd)
        if said != b"\n":
            raise RuntimeError(f"{argv} did not get ready: {log.read_text()}")

    def pids(self) -> list[int]:
        """The process ids, as the machine outside counts, of the daemon and all its children."""
        return descendants(self._enter.pid)


def descendants(pid: int) -> list[int]:
    """The children of a process and theirs, the eldest first."""
    found = []
    for child in map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()):
        found += [child, *descendants(child)]
    return found
