"""Through dracut's images to p7's services: live media of each kind, and an installed system's disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lab import live
from tests.lab.checks import ask, services_started
from tests.lab.vm import Vm
from tests.need import missing, need
from tests.vm.conftest import Images

TOOLS = {
    "mke2fs": "e2fsprogs",
    "grub-mkrescue": "grub-common",
    "xorriso": "xorriso",
    "mformat": "mtools",
}
FILES = {
    "/usr/lib/grub/i386-pc": "grub-pc-bin",
    "/usr/lib/grub/x86_64-efi": "grub-efi-amd64-bin",
    live.OVMF: "ovmf",
    live.ISOLINUX[0]: "isolinux",
    live.ISOLINUX[1]: "syslinux-common",
}


@pytest.fixture
def made(request: pytest.FixtureRequest, images: Images) -> Path:
    """What media of one form of p7 are made from; four minutes, once a form."""
    for tool, package in TOOLS.items():
        need(tool, package)
    if packages := [package for path, package in FILES.items() if not Path(path).exists()]:
        missing(
            "not all that media are made of is here", f"apt-get install -y --no-install-recommends {' '.join(packages)}"
        )
    return images(live.build, request.param)


@pytest.mark.parametrize(
    ("made", "disk", "root"),
    [
        ("zipapp", live.squashfs, "overlay"),
        ("zipapp", live.labelled, "overlay"),
        ("zipapp", live.grub, "overlay"),
        ("zipapp", live.uefi, "overlay"),
        ("zipapp", live.stick, "overlay"),
        ("zipapp", live.uefi_stick, "overlay"),
        ("zipapp", live.iso_scan, "overlay"),
        ("zipapp", live.isolinux, "overlay"),
        ("zipapp", live.installed, "ext4"),
        ("zipapp", live.shell_less, "ext4"),
        ("static", live.squashfs, "overlay"),
    ],
    indirect=["made"],
    ids="squashfs label grub uefi stick uefi-stick iso-scan isolinux installed no-shell static".split(),
)
def test_it_boots_to_its_services(made: Path, disk: Callable[[Path], live.Disk], root: str) -> None:
    machine = disk(made)
    with Vm(machine) as vm:
        vm.wait_runlevel("default")
        services_started(vm)
        assert (vm.run(["test", "-e", "/sys/firmware/efi"])[0] == 0) == (machine.firmware is not None)
        assert "blind mode" not in vm.console()  # GRUB's word for a kernel without a screen
        assert ask(vm, "cat", "/proc/1/cmdline") == "/sbin/openrc-init\0"
        assert ask(vm, "findmnt", "--noheadings", "--output", "FSTYPE", "/") == root
        assert "noexec" not in ask(vm, "findmnt", "--noheadings", "--output", "OPTIONS", "/run")
