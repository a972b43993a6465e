"""The boot chain, whole, in each form and profile: what `build.py boot` shows."""

from __future__ import annotations

import pytest

from tests.lab.boot import Boot
from tests.lab.checks import CHECKS, ENDINGS
from tests.lab.run import PROFILES
from tests.lab.stage import Machine

MACHINES = {
    "zipapp": Machine("zipapp", PROFILES["desktop"]),
    "static": Machine("static", PROFILES["desktop"]),
    "contract": Machine("zipapp", PROFILES["contract"]),
}
ALL = {**CHECKS, **ENDINGS}


@pytest.mark.parametrize("booted", MACHINES.values(), ids=MACHINES, indirect=True)
@pytest.mark.parametrize("name", ALL)
def test_it_holds(booted: Boot, name: str) -> None:
    ALL[name](booted)
