"""The root file system that tests boot: Debian trixie with OpenRC and without systemd or elogind.

`python3 -m tests.lab.tree` builds it once, as root, into the cache folder and prints where it is. Never write
into it: every boot puts an overlay on top.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

SUITE = "trixie"
CLIENTS = Path("opt/clients")
"""Inside the tree: the systemd package, unpacked and not installed, for its client programs."""

PACKAGES = """
    openrc dbus python3 kmod iproute2 procps psmisc login passwd adduser libpam-runtime udev libsystemd0
    libsystemd-shared seatd greetd tuigreet polkitd pkexec opendoas
    sway swayidle foot grim openbox xvfb xserver-xorg-core xserver-xorg-input-libinput xinit x11-utils
    pipewire wireplumber pipewire-pulse pulseaudio-utils
    iwd openresolv haveged rsyslog libglib2.0-bin strace busybox-static
""".split()

PIN = """\
Package: systemd systemd-sysv sysvinit-core libpam-systemd elogind libpam-elogind
Pin: release *
Pin-Priority: -1
"""

# sway depends on polkitd, which depends on logind: that is what p7 provides, so say so to apt.
LOGIND = """\
Package: p7-provides-logind
Version: 1
Architecture: all
Maintainer: p7 <p7@localhost>
Provides: logind, default-logind
Description: stands for p7 in apt's eyes
"""

# Debian's own choice of services is not ours; the boot's layer names them (procps would set the machine's sysctls).
# The resolver's and the host's names are this machine's, copied by mmdebstrap.
FINISH = """\
rm "$1"/etc/runlevels/*/* "$1/etc/resolv.conf" "$1/etc/hostname"
cd "$1/tmp"
APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" apt-get -q -o Dir::Etc::PreferencesParts=/nonexistent download systemd
dpkg-deb -x systemd_*.deb "$1/opt/clients"
rm -r ./*
"""

OPTIONS = [
    "--variant=minbase",
    "--hook-dir=/usr/share/mmdebstrap/hooks/file-mirror-automount",
    "--dpkgopt=force-unsafe-io",
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
]


def main() -> int:
    print(tree())
    return 0


def tree() -> Path:
    """The tree's folder; the first caller builds it (a minute), others meanwhile wait for that one."""
    target = cache() / f"tree-{SUITE}-{recipe()}"
    with locked(target.with_suffix(".lock")):
        if not target.exists():
            build(target)
    return target


def cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(base) / "p7"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def recipe() -> str:
    """Twelve hex digits that change with anything that decides what is in the tree."""
    parts = [SUITE, *PACKAGES, PIN, LOGIND, FINISH, *OPTIONS]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


@contextmanager
def locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def build(target: Path) -> None:
    """Build beside the target and rename: a tree that has its name is whole."""
    partial = target.with_suffix(".partial")
    subprocess.run(["rm", "-rf", "--one-file-system", partial], check=True)
    with TemporaryDirectory(prefix="p7-tree-") as work:
        subprocess.run(mmdebstrap(Path(work), partial), check=True, stdin=subprocess.DEVNULL, stdout=sys.stderr)
    partial.rename(target)


def mmdebstrap(work: Path, target: Path) -> list[str | Path]:
    pin = work / "pin"
    pin.write_text(PIN)
    finish = work / "finish"
    finish.write_text(f"#!/bin/sh -e\n{FINISH}")
    finish.chmod(0o755)
    return [
        "mmdebstrap",
        "--mode=root",
        *OPTIONS,
        f"--setup-hook=install -D -m 644 {pin} $1/etc/apt/preferences.d/p7",
        f"--customize-hook={finish}",
        f"--include={','.join(PACKAGES)}",
        f"--include={logind_package(work)}",
        SUITE,
        target,
        mirror(),
    ]


def logind_package(work: Path) -> Path:
    source = work / "provides"
    (source / "DEBIAN").mkdir(parents=True)
    (source / "DEBIAN/control").write_text(LOGIND)
    package = work / "p7-provides-logind.deb"
    subprocess.run(["dpkg-deb", "--build", "--root-owner-group", source, package], check=True, stdout=sys.stderr)
    return package


def mirror() -> str:
    """The Debian mirror of this machine's own apt sources."""
    # What is configured, whether its lists are there or not; a Debian's address ends in the archive's name.
    command = ["apt-get", "indextargets", "--no-release-info", "--format", "$(REPO_URI)", "Created-By: Packages"]
    rows = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    whole = [row for row in rows if row.rstrip("/").endswith("/debian")]
    if not whole:
        sys.exit("no Debian mirror among apt's sources: the tree needs one")
    return whole[0]


if __name__ == "__main__":
    sys.exit(main())
