"""A machine with a kernel of its own starts with p7 and ends as told over D-Bus."""

from __future__ import annotations

import pytest

from tests.lab.vm import Vm
from tests.lab.vm_checks import SHORT


@pytest.mark.parametrize("vm", ["static"], indirect=True)
@pytest.mark.parametrize("name", SHORT)
def test_it_holds(vm: Vm, name: str) -> None:
    SHORT[name](vm)
