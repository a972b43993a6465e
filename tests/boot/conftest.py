"""Fixtures of the tests that boot: `booted` is a running machine, shared by a module's tests.

Parametrise it indirectly to say which: `@pytest.mark.parametrize("booted", [Machine("static")], indirect=True)`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.lab.boot import Boot
from tests.lab.run import obstacle
from tests.lab.stage import Machine, stage
from tests.lab.tree import tree
from tests.need import missing


@pytest.fixture(scope="session")
def debian() -> Path:
    """The cached tree, built if need be."""
    if problem := obstacle():
        missing(*problem)
    return tree()


@pytest.fixture(scope="session")
def layers(debian: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Machine], list[Path]]:
    """The layers of a machine, staged once for all who boot one like it."""
    staged: dict[Machine, Path] = {}

    def of(machine: Machine) -> list[Path]:
        if machine not in staged:
            staged[machine] = stage(tmp_path_factory.mktemp("stage") / "layer", machine)
        return [staged[machine], debian]

    return of


@pytest.fixture(scope="module")
def booted(request: pytest.FixtureRequest, layers: Callable[[Machine], list[Path]]) -> Iterator[Boot]:
    """A machine in its default runlevel."""
    with Boot(layers(getattr(request, "param", Machine()))) as boot:
        boot.wait_runlevel("default")
        yield boot
