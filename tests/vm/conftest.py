"""Fixtures of the tests in QEMU: `vm` is a machine that one module's tests use in turn; its param is p7's form.

They run where P7_TEST_VM=1 says so. Without KVM a guest's processors can stall for a minute ("watchdog: BUG: soft
lockup" in its log, seen on an idle machine too), and then a test fails that has nothing wrong.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol, TypeVar

import pytest

from tests.lab import vm_image
from tests.lab.run import BOOTED
from tests.lab.stage import Machine
from tests.lab.vm import Bootable, Vm
from tests.need import need, need_root

TOOLS = {
    "mmdebstrap": "mmdebstrap",
    "qemu-system-x86_64": "qemu-system-x86",
    "mksquashfs": "squashfs-tools",
    "cpio": "cpio",
}
"""Commands that a machine is made with, and Debian's packages for them."""


Made = TypeVar("Made")
Make = Callable[[Path, Machine], Made]


class Images(Protocol):
    """From what makes an image, or what images are made from, and a form of p7 to that; made once a session."""

    def __call__(self, make: Make[Made], form: str) -> Made: ...


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Images:
    if os.environ.get("P7_TEST_VM") != "1":
        pytest.skip("an emulated machine may stall; P7_TEST_VM=1 tries, build.py vm shows it")
    need_root("the tree's files are root's")
    for tool, package in TOOLS.items():
        need(tool, package)
    made: dict[tuple[object, str], Any] = {}

    def of(make: Make[Made], form: str) -> Made:
        if (make, form) not in made:
            made[make, form] = make(tmp_path_factory.mktemp("vm"), Machine(form, BOOTED))
        found: Made = made[make, form]
        return found

    return of


@pytest.fixture(scope="module")
def image() -> Make[Bootable]:
    """What makes the image; a module's tests may want another."""
    return vm_image.image


@pytest.fixture(scope="module")
def vm(request: pytest.FixtureRequest, images: Images, image: Make[Bootable]) -> Iterator[Vm]:
    with Vm(images(image, request.param)) as machine:
        yield machine
