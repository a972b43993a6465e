"""From Arch with systemd to the sealed system, by docs/packages.md's commands and real pacman, all inside a chroot."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.need import need
from tests.packages.makepkg import Workshop, document_commands, info
from tests.packages.test_packages import DUMMIES
from tests.seal.machine import NODES, PACMAN, SYSTEMD, Done, Machine, bare, copy_libraries

CONF = "[options]\nArchitecture = auto\nSigLevel = Never\n\n[core]\nServer = file:///srv/arch\n"
_APPLICATION = """\
pkgname=aurapp
pkgver=1
pkgrel=1
arch=(x86_64)
depends=(libsystemd.so)
makedepends=(systemd)
build() {
	printf '#include <systemd/sd-daemon.h>\\nint main(void) { return sd_notify(0, "READY=1"); }\\n' > app.c
	gcc app.c -o aurapp $(pkg-config --cflags --libs libsystemd)
}
package() {
	install -Dm755 aurapp "$pkgdir/usr/bin/aurapp"
	units=$(pkg-config --variable=systemdsystemunitdir systemd)
	echo '[Service]' | install -D /dev/stdin "$pkgdir/$units/aurapp.service"
	users=$(pkg-config --variable=sysusersdir systemd)
	echo 'u aurapp -' | install -D /dev/stdin "$pkgdir/$users/aurapp.conf"
}
"""


def inside(machine: Machine, script: str) -> Done:
    """A script of root's in the chroot, pacman's questions answered with what has that for its default."""
    noconfirm = 'pacman() { command pacman --noconfirm --noprogressbar "$@"; }\n'
    return machine.run("chroot", machine.root, "/bin/sh", "-euc", noconfirm + script)


def arch(machine: Machine) -> list[Path]:
    """What stands for Arch's packages around systemd: their names, relations, and the files that matter here."""
    tools = {f"usr/bin/systemd-{tool}": "real" for tool in ("sysusers", "tmpfiles")}
    real = {"provides": "udev=258 systemd-tools=258", "conflict": "udev systemd-tools"}
    return [
        machine.package("systemd", "258-1", {**SYSTEMD, **tools}, **real, depend="systemd-libs"),
        machine.package(
            "systemd-sysvcompat", "258-1", {"usr/bin/init": "-> ../lib/systemd/systemd"}, depend="systemd=258"
        ),
        machine.library(NODES, "258-1"),
        machine.package("mkinitcpio", "39-1", {"usr/bin/mkinitcpio": "real"}, provides="initramfs"),
        machine.package("linux", "6-1", depend="initramfs"),
        machine.package("lvm2", depend="udev"),
        machine.package("base", depend="systemd systemd-sysvcompat linux lvm2"),
    ]


def repository(machine: Machine, folder: str, name: str, archives: list[Path]) -> None:
    """One that a file of pacman's in the chroot names."""
    machine.repository(name, *archives)
    (machine.root / folder).parent.mkdir(parents=True, exist_ok=True)
    shutil.move(machine.path / name, machine.root / folder)


@pytest.fixture(scope="module")
def sealed(
    built: Workshop, packages: dict[str, Path], build: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Machine, Done]:
    """The machine after the document's first block, and what that said."""
    machine = bare(tmp_path_factory.mktemp("arch"), build("static"))
    for program in (need("pacman", PACMAN), need("pacman-conf", PACMAN)):
        shutil.copy(program, machine.root / "usr/bin")
        copy_libraries(machine.root, program)
    for folder in ("etc", "tmp"):
        (machine.root / folder).mkdir()
    (machine.root / "etc/pacman.conf").write_text(CONF)
    theirs = arch(machine)
    wanted = {name for archive in packages.values() for name in info(archive).get("depend", [])}
    known = packages.keys() | {"eudev", "systemd-libs"}
    others = [
        (name.split("=")[0].removesuffix(".so"), name) for name in sorted(wanted) if name.split("=")[0] not in known
    ]
    repository(machine, "srv/arch", "core", theirs)
    repository(
        machine,
        f"srv/artix/system/os/{os.uname().machine}",
        "system",
        [machine.package(name, provides=provided) for name, provided in others],
    )
    shutil.copytree(built.path / "lainos", machine.root / "srv/lainos")
    (ours,) = (machine.root / "srv/lainos/protocol_7_repo").iterdir()
    eudev = machine.package("eudev", "3.2.14-3", {"usr/bin/udevd": "eudev's"}, provides="udev=3.2.14")
    shutil.move(eudev, ours)
    subprocess.run(["repo-add", "-q", ours / "protocol_7_repo.db.tar.gz", ours / eudev.name], check=True)
    done = inside(machine, "pacman -Sy base")
    assert done.returncode == 0, done.stdout
    assert (machine.root / "usr/lib/systemd/systemd").exists()
    return machine, inside(machine, document_commands("sh root")[0])


def test_the_documents_commands_seal_an_arch_system(sealed: tuple[Machine, Done]) -> None:
    machine, done = sealed
    assert done.returncode == 0, done.stdout
    installed = machine.installed()
    assert installed.items() >= DUMMIES.items()
    assert installed["protocol7-core"].startswith("1:")
    assert installed.keys() >= {"lainos-layer02", "base", "lvm2", "linux", "eudev"}
    for gone in ("usr/lib/systemd/systemd", "usr/bin/systemctl", "usr/bin/init", "usr/bin/mkinitcpio"):
        assert not os.path.lexists(machine.root / gone), gone
    assert os.readlink(machine.root / "usr/bin/systemd-sysusers") == "esysusers"
    mocks = sorted(path.name for path in (machine.root / "usr/lib/lainos").glob("*.so.*"))
    assert mocks == ["liblainos-dbus-mock.so.3", "liblainos-systemd-mock.so.0"]
    assert "rc-update add lainos-tmpfiles boot" in done.stdout
    assert "restart" not in done.stdout


def test_the_dummies_are_taken_again_and_systemd_is_stopped(sealed: tuple[Machine, Done]) -> None:
    machine = sealed[0]
    done = inside(machine, f"pacman -S {' '.join(DUMMIES)}")
    assert done.returncode == 0, done.stdout
    assert machine.installed().items() >= DUMMIES.items()
    assert "systemd and eudev are in conflict" in inside(machine, "! pacman -S core/systemd").stdout
    done = inside(machine, "! pacman -Sdd --ask=4 --overwrite '*' core/systemd")
    assert (done.returncode, "stopped: systemd 258-1" in done.stdout) == (0, True), done.stdout
    done = inside(machine, "pacman -Syu")
    assert done.returncode == 0, done.stdout
    assert machine.installed().items() >= DUMMIES.items()


def test_a_build_that_asks_for_systemd_pc_and_libsystemd(sealed: tuple[Machine, Done], workshop: Workshop) -> None:
    """makepkg gets the dummy's systemd.pc and the real libsystemd; pacman leaves the unit out."""
    machine = sealed[0]
    folder = workshop.path / "aurapp"
    folder.mkdir()
    (folder / "PKGBUILD").write_text(_APPLICATION)
    shutil.copy(machine.root / "usr/share/pkgconfig/systemd.pc", folder)
    workshop.give(folder)
    made = workshop.make(folder, PKG_CONFIG_PATH=str(folder))
    shutil.copy(made, machine.root / "tmp")
    done = inside(machine, f"pacman -U /tmp/{made.name}")
    assert done.returncode == 0, done.stdout
    assert (machine.root / "usr/bin/aurapp").exists()
    assert (machine.root / "usr/lib/sysusers.d/aurapp.conf").exists()
    assert not os.path.lexists(machine.root / "usr/lib/systemd/system")


def test_removal_leaves_nothing(sealed: tuple[Machine, Done]) -> None:
    """The last of this file: what it does to the machine."""
    machine = sealed[0]
    assert "p7 seal-conf" in (machine.root / "etc/pacman.conf").read_text()
    brought = Path(next((machine.root / "var/lib/pacman/local").glob("protocol7-core-*")), "files").read_text().split()
    done = inside(machine, document_commands("sh root")[1])
    assert done.returncode == 0, done.stdout
    assert "could not be put back" not in done.stdout
    config = (machine.root / "etc/pacman.conf").read_text()
    assert "p7 seal-conf" not in config
    assert config.count("Include = ") == 2
    files = [path for path in brought if not path.endswith(("/", "%"))]
    assert len(files) > 50
    assert [path for path in files if os.path.lexists(machine.root / path)] == []
    assert not (machine.root / "etc/lainos").exists()
    assert not (machine.root / "run/lainos").exists()
    assert inside(machine, "pacman -Sy").returncode == 0
