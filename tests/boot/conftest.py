"""Fixtures of the tests that boot: `booted` is a running machine, shared by a module's tests.

Parametrise it indirectly to say which: `@pytest.mark.parametrize("booted", [Machine("static")], indirect=True)`.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.lab.boot import Boot
from tests.lab.packages import cached, layer
from tests.lab.run import obstacle
from tests.lab.stage import Machine, stage
from tests.lab.tree import tree
from tests.need import missing

DESKTOP = """
    labwc waybar mako-notifier evince transmission-gtk wlrctl at-spi2-core upower
    xdg-desktop-portal xdg-desktop-portal-gtk xdg-desktop-portal-wlr
""".split()
"""What a person has beside sway, in one layer for all who need some of it: 62 MB to download."""

BROWSERS = ("chromium", "firefox-esr")
NO_BROWSERS = "210 MB to download; P7_TEST_BROWSERS=1 does that, once"


def browsers_wanted() -> bool:
    """Being large, they are downloaded only where P7_TEST_BROWSERS=1 says so; once cached they are tested always."""
    return cached(*BROWSERS).exists() or os.environ.get("P7_TEST_BROWSERS") == "1"


def programs(*names: str) -> Path:
    """A layer of Debian's packages, or missing()."""
    try:
        return layer(*names)
    except subprocess.CalledProcessError as error:
        missing(f"{' '.join(names)}: {error}", "apt must reach its mirror")


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
