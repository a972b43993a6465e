"""What processes keep in memory, as the kernel's smaps_rollup sums it up (proc(5)), in kB."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from tests.bench.cases import PYTHON


class Memory(NamedTuple):
    """Of one process or the sum over several: resident, its share of what is shared, and what is its alone."""

    rss: int
    pss: int
    private_dirty: int


def of(pids: Iterable[int]) -> Memory:
    """The sum over processes."""
    parts = [_rollup(Path(f"/proc/{pid}/smaps_rollup").read_text()) for pid in pids]
    return Memory(*map(sum, zip(*parts, strict=True)))


def bare_interpreter() -> Memory:
    """A Python that has imported nothing and waits."""
    command = [PYTHON, "-I", "-S", "-c", "import sys; print(flush=True); sys.stdin.read()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        return of([process.pid])


def _rollup(text: str) -> Memory:
    fields = {line.split(":")[0]: line.split()[1] for line in text.splitlines()[1:]}
    return Memory(int(fields["Rss"]), int(fields["Pss"]), int(fields["Private_Dirty"]))
