"""A person at the keyboard: greeter, Openbox, sway, sleep; `build.py vm --static` tries the other form of p7."""

from __future__ import annotations

import pytest

from tests.lab.vm import Vm
from tests.lab.vm_checks import SESSION


@pytest.mark.parametrize("vm", ["zipapp"], indirect=True)
@pytest.mark.parametrize("name", SESSION)
def test_it_holds(vm: Vm, name: str) -> None:
    SESSION[name](vm)
