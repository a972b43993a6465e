"""The layer between the tree and a boot's own writes: p7 as its package installs it, and what Debian lacks."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.lab.tree import CLIENTS

REPO = Path(__file__).parents[2]
RC = Path(__file__).with_name("rc")
"""Stand-ins that Debian's OpenRC comes without, laid out as they install."""
DBUS = REPO / "rc/packages/dbus-openrc/dbus.initd"
TMPFILES = CLIENTS / "usr/bin/systemd-tmpfiles"

FORMS = {"zipapp": [], "static": ["--static"], "frozen": ["--frozen"]}
"""What `build.py install` is told for each form of p7."""

RUNLEVELS = {
    "sysinit": ["localmount", "cgroups", "cgroup-delegate", "lainos-ghost-units", "lainos-notifyd"],
    "boot": ["hostname", "bootmisc", "lainos-tmpfiles", "rsyslog"],
    "default": ["dbus", "seatd", "lainos-dbus-bridge", "lainos-net-init", "greetd"],
}


@dataclass(frozen=True)
class Machine:
    """What differs between two boots: the form p7 is installed in, and the text of its p7.toml ("": the example)."""

    form: str = "zipapp"
    p7_toml: str = ""


def stage(layer: Path, machine: Machine, runlevels: Mapping[str, Sequence[str]] = RUNLEVELS) -> Path:
    """Fill a new folder with a layer: the stand-ins, p7 and its configuration, the runlevels."""
    shutil.copytree(RC, layer)
    shutil.copy(DBUS, layer / "etc/init.d/dbus")
    (layer / "usr/bin").mkdir(exist_ok=True)
    (layer / "usr/bin/systemd-tmpfiles").symlink_to(f"/{TMPFILES}")
    install = [sys.executable, "build.py", "install", "--destdir", str(layer), *FORMS[machine.form]]
    subprocess.run(install, cwd=REPO, check=True, stdout=subprocess.DEVNULL)
    if machine.p7_toml:
        config = layer / "etc/lainos/p7.toml"
        config.parent.mkdir(parents=True, exist_ok=True)
        config.write_text(machine.p7_toml)
    for runlevel, services in runlevels.items():
        for service in services:
            enable(layer, runlevel, service)
    return layer


def enable(layer: Path, runlevel: str, service: str) -> None:
    link = layer / "etc/runlevels" / runlevel / service
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(f"/etc/init.d/{service}")
