"""A machine with a kernel of its own ends when a shutdown planned over D-Bus is due."""

from __future__ import annotations

import pytest

from tests.lab.vm import Vm
from tests.lab.vm_checks import PLANNED


@pytest.mark.parametrize("vm", ["static"], indirect=True)
@pytest.mark.parametrize("name", PLANNED)
def test_it_holds(vm: Vm, name: str) -> None:
    PLANNED[name](vm)
