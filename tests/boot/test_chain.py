"""The boot chain, whole, in each form and profile: what `build.py boot` shows."""

from __future__ import annotations

import pytest

from tests.lab.boot import Boot
from tests.lab.checks import CHECKS, ENDINGS
from tests.lab.run import BOOTED
from tests.lab.stage import Machine

MACHINES = {
    "zipapp": Machine("zipapp", BOOTED),
    "static": Machine("static", BOOTED),
    "contract": Machine("zipapp", f'profile = "contract"\n{BOOTED}'),
}
ALL = {**CHECKS, **ENDINGS}


@pytest.mark.parametrize("booted", MACHINES.values(), ids=MACHINES, indirect=True)
@pytest.mark.parametrize("name", ALL)
def test_it_holds(booted: Boot, name: str) -> None:
    ALL[name](booted)
