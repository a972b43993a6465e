"""Start-up: spawn.py's rounds over all cases, once as root and once as the session's user."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from p7.build import example, sources
from tests.bench import spawn
from tests.bench.cases import INSTALLED_TOML, PYTHON, ROOT, SOUND, USER, Case, of_forms
from tests.bus.machine import Machine
from tests.lab.private import LAIN, Private

Samples = dict[str, list[tuple[float, float]]]
"""Milliseconds of every case, and of processors, in each round."""


def as_root(artifacts: Mapping[str, Path], rounds: int) -> Samples:
    """The services of the boot, on a machine with cgroups and a system bus."""
    with _machine(artifacts) as machine:
        machine.start_bus()
        return run(machine.private, of_forms(ROOT, artifacts), rounds, 0)


def as_user(artifacts: Mapping[str, Path], rounds: int) -> Samples:
    """What the session's user starts, with the bridge there."""
    with _machine(artifacts) as machine:
        machine.start()
        return run(machine.private, of_forms(USER, artifacts), rounds, LAIN)


def of_sound(artifacts: Mapping[str, Path], rounds: int) -> Samples:
    """What lainos-audio-init takes to return once the last of the daemons answers, which it has all started."""
    with _machine(artifacts) as machine:
        machine.start()
        return run(machine.private, of_forms(SOUND, artifacts), rounds, LAIN)


@contextmanager
def _machine(artifacts: Mapping[str, Path]) -> Iterator[Machine]:
    """Without a p7.toml; the one that install makes lies ready for the case that has it."""
    with Machine(artifacts["zipapp"]) as machine:
        machine.private.path("/etc/lainos/p7.toml").unlink()
        machine.private.path(INSTALLED_TOML).write_text(example.p7_toml())
        yield machine


def run(machine: Private, cases: Mapping[str, Case], rounds: int, uid: int) -> Samples:
    """Let spawn.py start them inside, in a network of their own, after a round that only warms the caches."""
    plan = {"rounds": rounds + 1, "cases": {name: case._asdict() for name, case in cases.items()}}
    program = [PYTHON, "-I", "-S", "-c", Path(spawn.__file__).read_text(), json.dumps(plan), *sources.wheels("clients")]
    network = ["unshare", "--net"] if uid == 0 else []
    done = machine.run([*network, *program], uid, timeout=900)
    if done.returncode != 0:
        raise subprocess.SubprocessError(done.stderr)
    samples: Samples = json.loads(done.stdout)
    return {name: values[1:] for name, values in samples.items()}
