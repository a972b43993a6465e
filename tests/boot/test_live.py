"""A live medium's session, from greetd's initial session to its end. The X server is Xvfb, for there is no card."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.boot.conftest import programs
from tests.lab.boot import Boot
from tests.lab.medium import CHECKS, lay_out
from tests.lab.run import BOOTED
from tests.lab.stage import Machine, stage


@pytest.fixture(scope="module")
def booted(debian: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Boot]:
    calamares = programs("calamares")
    staged = stage(tmp_path_factory.mktemp("live") / "layer", Machine("zipapp", BOOTED))
    lay_out(staged, {"vt = 1": 'vt = "none"'})
    (staged / "usr/local/bin").mkdir(parents=True)
    (staged / "usr/local/bin/X").symlink_to("/usr/bin/Xvfb")
    with Boot([staged, calamares, debian]) as boot:
        boot.wait_runlevel("default")
        yield boot


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_it_holds(booted: Boot, check: Callable[[Boot], None]) -> None:
    check(booted)
