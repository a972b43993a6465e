"""A live medium, booted through dracut's image, on Xorg and a graphics card: its user is in Openbox at once, later
through the greeter."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from p7.build import DIST
from tests.lab import live, medium
from tests.lab.checks import USER, default_reached
from tests.lab.packages import layer
from tests.lab.stage import Machine
from tests.lab.vm import Vm
from tests.lab.vm_checks import openbox_on_xorg
from tests.lab.vm_login import awaited, greeter_asks
from tests.vm.conftest import Make

PICTURE = Path(DIST, "calamares.png")


def with_calamares(work: Path, machine: Machine) -> live.Disk:
    """A bare squashfs with what a medium has for Calamares."""
    medium.lay_out(work / "medium", {})
    return live.furnished(work, machine, layer("calamares"), work / "medium")


def installer_on_screen(vm: Vm) -> None:
    """The card shows more than an empty X server's one or two colours once Calamares has its window."""
    awaited(vm, *medium.WINDOW, user=USER)
    vm.until(lambda: len(set(vm.pixels())) > 16, "the window is drawn")
    PICTURE.parent.mkdir(exist_ok=True)
    vm.screenshot(PICTURE)


CHECKS = (
    default_reached,
    installer_on_screen,
    *medium.CHECKS,
    greeter_asks,
    openbox_on_xorg,
    installer_on_screen,
    medium.polkit_lets_the_session_run_it,
    medium.calamares_has_its_window_and_is_roots_in_the_session,
)


@pytest.fixture(scope="module")
def image() -> Make[live.Disk]:
    return with_calamares


@pytest.mark.parametrize("vm", ["zipapp"], indirect=True)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_it_holds(vm: Vm, check: Callable[[Vm], object]) -> None:
    check(vm)
