"""What an OpenRC desktop starts besides p7, for a boot that is as long as a real one.

docs/decisions.md, "What p7 adds to a boot", says where the list is from.
"""

from __future__ import annotations

import shutil
from collections.abc import Set
from pathlib import Path

from tests.lab.packages import layer
from tests.lab.stage import enable

RC = Path(__file__).with_name("desktop_rc")
"""Their scripts, which Debian's OpenRC lacks; the lab's are used for what is not here."""
PACKAGES = (
    "e2fsprogs",
    "kbd",
    "console-data",
    "util-linux-extra",
    "acpid",
    "cronie",
    "bluez",
    "cups-daemon",
    "dhcpcd-base",
)
RUNLEVELS = {
    "sysinit": """
        cgroups devfs dmesg kmod-static-nodes sysfs udev udev-settle udev-trigger
    """.split(),
    "boot": """
        binfmt bootmisc fsck hostname hwclock keymaps localmount loopback modules mtab procfs root rsyslog save-keymaps
        save-termencoding seedrng swap sysctl termencoding
    """.split(),
    "default": "acpid agetty.tty2 bluetooth cronie cupsd dbus dhcpcd greetd local netmount seatd".split(),
}


def furnish(staged: Path, ours: Set[str]) -> None:
    """Make a staged layer that of such a desktop; of its services only `ours` stay in the runlevels they are in."""
    packages = layer(*PACKAGES)
    for folder in packages.iterdir():
        # Without Debian's own scripts, which are for another init.
        shutil.copytree(
            folder,
            staged / folder.name,
            symlinks=True,
            dirs_exist_ok=True,
            ignore=shutil.ignore_patterns("init.d", "man", "doc", "locale"),
        )
    shutil.copytree(RC, staged, symlinks=True, dirs_exist_ok=True)
    for link in (staged / "etc/runlevels").glob("*/*"):
        if link.name not in ours:
            link.unlink()
    for runlevel, services in RUNLEVELS.items():
        for service in services:
            enable(staged, runlevel, service)
