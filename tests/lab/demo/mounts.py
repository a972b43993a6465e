"""The demo's own /run, /etc, /dev, /proc and cgroups, in the mount namespace that it was started in."""

from __future__ import annotations

import os
from pathlib import Path

from p7 import linux

WORK = Path("/run/p7-demo")
LAIN, LAINOS = 1000, 990
HOME = WORK / "home"
OWN_ETC = {
    "passwd": f"""\
root:x:0:0:root:/root:/bin/sh
lainos:x:{LAINOS}:{LAINOS}::/:/usr/bin/nologin
lain:x:{LAIN}:{LAIN}::{HOME}:/bin/sh
""",
    "group": f"root:x:0:\nlainos:x:{LAINOS}:\nlain:x:{LAIN}:\n",
}
NOT_OURS = ("machine-id", "lainos", "shadow", "gshadow")
NODES = ("null", "zero", "full", "random", "urandom", "tty")
MS_REC = 1 << 14


def mount_all(*, cgroups: bool) -> None:
    """Everything. Raises OSError with the path that could not be mounted."""
    os.umask(0o022)
    tmpfs("/run")
    WORK.mkdir()
    linux.mount("proc", "/proc", "proc", linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC)
    etc()
    dev()
    if cgroups:
        linux.umount("/sys/fs/cgroup", linux.MNT_DETACH)
        linux.mount("cgroup2", "/sys/fs/cgroup", "cgroup2", linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC)


def etc() -> None:
    """The machine's, as links to where it stands now, with our own users in it and without its machine id."""
    old = WORK / "etc"
    bind("/etc", old)
    tmpfs("/etc")
    for name in os.listdir(old):
        if name not in OWN_ETC and name not in NOT_OURS:
            os.symlink(old / name, f"/etc/{name}")
    for name, text in OWN_ETC.items():
        Path("/etc", name).write_text(text)


def dev() -> None:
    """A few harmless nodes: neither the machine's log nor its kernel's is among them."""
    new = WORK / "dev"
    new.mkdir()
    tmpfs(str(new))
    for name in NODES:
        (new / name).touch()
        linux.mount(f"/dev/{name}", str(new / name), "", linux.MS_BIND)
    (new / "fd").symlink_to("/proc/self/fd")
    linux.mount(str(new), "/dev", "", linux.MS_BIND | MS_REC)


def tmpfs(path: str) -> None:
    linux.mount("tmpfs", path, "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, "mode=0755")


def bind(source: str, target: Path) -> None:
    target.mkdir()
    linux.mount(source, str(target), "", linux.MS_BIND | MS_REC)
