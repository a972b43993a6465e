"""A wireless card and an access point, mac80211_hwsim's: from iwd's start to a name that only the network knows."""

from __future__ import annotations

import pytest

from tests.lab import vm_wifi
from tests.lab.vm import Vm
from tests.lab.vm_wifi import WIFI
from tests.vm.conftest import Make


@pytest.fixture(scope="module")
def image() -> Make:
    return vm_wifi.image


@pytest.mark.parametrize("vm", ["zipapp"], indirect=True)
@pytest.mark.parametrize("name", WIFI)
def test_it_holds(vm: Vm, name: str) -> None:
    WIFI[name](vm)
