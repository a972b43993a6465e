"""A system that Calamares finalized, on a machine of its own: its greeter on VT 1, and sway on the card."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lab.checks import default_reached, loginctl_shows, services_started
from tests.lab.installer import as_disk, install, new
from tests.lab.packages import layer
from tests.lab.stage import Machine
from tests.lab.tree import tree
from tests.lab.vm import Vm
from tests.lab.vm_checks import lists_sessions, on_the_terminal, powers_off, sway_on_drm
from tests.lab.vm_image import Image, boot_files, tree_image

CHECKS = (default_reached, services_started, lists_sessions, sway_on_drm, loginctl_shows, on_the_terminal, powers_off)


def installed(work: Path, machine: Machine) -> Image:
    """What the machine starts from: the tree, and over it what the installation made of it."""
    base, fresh = tree(), new(work / "new", machine)
    installation = install([layer("calamares"), base], [fresh, base], work)
    assert installation.status == 0, installation.log
    (disk := work / "disk").mkdir()
    return Image(*boot_files(base), tree_image(base), as_disk(installation, fresh, disk))


@pytest.fixture(scope="module")
def image() -> Callable[[Path, Machine], Image]:
    return installed


@pytest.mark.parametrize("vm", ["static"], indirect=True)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_it_holds(vm: Vm, check: Callable[[Vm], str]) -> None:
    check(vm)
