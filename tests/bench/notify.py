"""lainos-notifyd under load: how many messages a second, how long a sender waits, and whether any is lost."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple, Self

from tests.bench import flood
from tests.bench.cases import PYTHON
from tests.bench.daemon import Daemon
from tests.lab.private import LAIN, Private

RATE = 50_000
_WINDOW_SEC = 1.2  # notifyd says once a second how many lines it suppressed


class Load(NamedTuple):
    """What one flood did: messages a second, each send's microseconds, and messages neither logged nor counted."""

    rate: float
    sends: list[float]
    lost: int


class Notifyd:
    """The daemon, in a machine of its own."""

    def __init__(self, p7: Path) -> None:
        self._p7 = p7

    def __enter__(self) -> Self:
        self._folder = TemporaryDirectory(prefix="p7-bench-")
        self._log = Path(self._folder.name, "log")
        self._machine = Private().__enter__()
        self.pids = Daemon(self._machine, [self._p7, "lainos-notifyd"], self._log).pids
        return self

    def __exit__(self, *_: object) -> None:
        self._machine.__exit__()
        self._folder.cleanup()

    def flood(self, count: int, rate: int) -> Load:
        """Have an ordinary user send so many messages at `rate` a second; 0 is as fast as they are taken."""
        start = len(self._log.read_text())
        program = [PYTHON, "-I", "-S", "-c", Path(flood.__file__).read_text(), str(count), str(rate)]
        done = self._machine.run(program, uid=LAIN, timeout=120)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        result = json.loads(done.stdout)
        time.sleep(_WINDOW_SEC)
        lost = count - accounted(self._log.read_text()[start:])
        return Load(count / result["seconds"], result["sends"], lost)


def accounted(log: str) -> int:
    """How many messages the lines of notifyd's log stand for: those it shows and those it counted."""
    shown = len(re.findall(r": STATUS 'message \d+'$", log, re.MULTILINE))
    return shown + sum(map(int, re.findall(r": (\d+) lines suppressed", log)))
