"""`p7 finalize` where there is pacman: it seals it, and its exit status is the seal's, too."""

from __future__ import annotations

import shutil

import pytest

from tests.seal.attempts import systemd
from tests.seal.machine import Done, Machine, dummy

PACMAN_CONF = "[options]\nHoldPkg = pacman glibc\nArchitecture = auto\n"
TABLES = {
    "passwd": "root:x:0:0::/root:/bin/sh\ngreeter:x:900:900::/:/bin/sh\nlainos:x:990:990::/:/bin/sh\n"
    "lain:x:1000:1000::/home/lain:/bin/sh\n",
    "group": "root:x:0:\nvideo:x:44:\n",
    "pacman.conf": PACMAN_CONF,
}


@pytest.fixture
def new(machine: Machine) -> Machine:
    """The machine, with what other packages bring."""
    for name, text in TABLES.items():
        (machine.root / "etc" / name).write_text(text)
    for name in ("cgroups", "dbus", "seatd", "greetd"):
        (machine.root / "etc/init.d" / name).touch()
    (machine.root / "usr/bin/tuigreet").touch()
    return machine


def finalize(machine: Machine) -> Done:
    """Run as Calamares does, in the new system."""
    return machine.run("chroot", machine.root, "/usr/bin/p7", "finalize")


def test_pacman_is_sealed(new: Machine) -> None:
    done = finalize(new)
    assert done.returncode == 0, done.stdout
    assert "finalize: done: p7 seal-conf\nfinalize: done: p7 seal-verify\n" in done.stdout
    assert "IgnorePkg" in (new.root / "etc/pacman.conf").read_text()
    assert (new.root / "etc/runlevels/default/greetd").is_symlink()
    again = finalize(new)
    assert again.returncode == 0 and "fits the seal now" not in again.stdout


def test_a_real_systemd_goes_from_the_cache_and_the_dummy_can_be_installed_again(new: Machine) -> None:
    new.repository("ours", dummy(new, "256-2"))
    new.repository("core", systemd(new))
    assert new.pacman("-Sy").returncode == 0
    assert new.pacman("-Sw", "core/systemd").returncode == 0
    assert "seal-guard: stopped: systemd 257-1" in new.pacman("-S", "systemd").stdout
    done = finalize(new)
    assert done.returncode == 0, done.stdout
    assert "finalize: done: delete /var/cache/pacman/pkg/systemd-257-1-any.pkg.tar.zst: " in done.stdout
    done = new.pacman("-S", "systemd")
    assert (done.returncode, new.installed()["systemd"]) == (0, "256-2"), done.stdout


def test_a_broken_seal_is_an_error_of_the_installation(new: Machine) -> None:
    (hooks := new.root / "etc/pacman.d/hooks").mkdir(parents=True)
    (hooks / "00-p7-guard.hook").symlink_to("/dev/null")
    done = finalize(new)
    assert done.returncode == 1
    assert "/etc/pacman.d/hooks/00-p7-guard.hook" in done.stdout
    assert "finalize: p7 seal-verify: ended with 1 for the reasons above" in done.stdout


def test_without_pacman_there_is_nothing_to_seal(new: Machine) -> None:
    (new.root / "etc/pacman.conf").unlink()
    shutil.rmtree(new.root / "var/lib/pacman")
    done = finalize(new)
    assert done.returncode == 0 and "seal" not in done.stdout
