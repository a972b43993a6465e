"""Through dracut's images to p7's services: live media of each kind, and an installed system's disk."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lab import live
from tests.lab.checks import ask, services_started
from tests.lab.run import BOOTED
from tests.lab.stage import Machine
from tests.lab.vm import Vm
from tests.need import need, need_root

TOOLS = {
    "qemu-system-x86_64": "qemu-system-x86",
    "mksquashfs": "squashfs-tools",
    "mke2fs": "e2fsprogs",
    "grub-mkrescue": "grub-common",
    "xorriso": "xorriso",
    "mformat": "mtools",
}
FOLDERS = {"/usr/lib/grub/i386-pc": "grub-pc-bin", live.ISOLINUX[0]: "isolinux", live.ISOLINUX[1]: "syslinux-common"}


@pytest.fixture(scope="module")
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What media of one form of p7 are made from; three minutes."""
    if os.environ.get("P7_TEST_VM") != "1":
        pytest.skip("an emulated machine may stall; P7_TEST_VM=1 tries")
    need_root("the tree's files are root's")
    for tool, package in TOOLS.items():
        need(tool, package)
    for path, package in FOLDERS.items():
        assert Path(path).exists(), f"apt-get install -y --no-install-recommends {package}"
    return live.build(tmp_path_factory.mktemp("live"), Machine(request.param, BOOTED))


@pytest.mark.parametrize(
    ("made", "disk", "root"),
    [
        ("zipapp", live.squashfs, "overlay"),
        ("zipapp", live.labelled, "overlay"),
        ("zipapp", live.grub, "overlay"),
        ("zipapp", live.isolinux, "overlay"),
        ("zipapp", live.installed, "ext4"),
        ("static", live.squashfs, "overlay"),
    ],
    indirect=["made"],
    ids=["squashfs", "label", "grub", "isolinux", "installed", "static"],
)
def test_it_boots_to_its_services(made: Path, disk: Callable[[Path], live.Disk], root: str) -> None:
    with Vm(disk(made)) as vm:
        vm.wait_runlevel("default")
        services_started(vm)
        assert ask(vm, "cat", "/proc/1/cmdline") == "/sbin/openrc-init\0"
        assert ask(vm, "findmnt", "--noheadings", "--output", "FSTYPE", "/") == root
        assert "noexec" not in ask(vm, "findmnt", "--noheadings", "--output", "OPTIONS", "/run")
