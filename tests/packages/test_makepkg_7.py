"""protocol7-core by makepkg 7.0, which Arch has: what 6.0.2 makes, and pacman 7.0 installs it."""

from __future__ import annotations

import gzip
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.boot.conftest import programs
from tests.lab.dracut import PACKAGES
from tests.lab.run import obstacle
from tests.lab.tree import tree
from tests.need import missing
from tests.packages.makepkg import Workshop, info, listing, read
from tests.seal import machine
from tests.seal.machine import PACMAN, Machine

NAME = "protocol7-core"


@pytest.fixture(scope="module")
def pacman_7() -> list[Path]:
    """Layers that have it."""
    if problem := obstacle():
        missing(*problem)
    return [programs(PACMAN, *PACKAGES), tree()]


@pytest.fixture(scope="module")
def made(packages: dict[str, Path], workshop: Workshop) -> Path:
    """The package, with this machine's compiler: makepkg is shell scripts."""
    layer, own = programs("makepkg"), workshop.path / "makepkg-7"
    for place in ("usr/bin/makepkg", "etc/makepkg.conf"):
        (own / place).parent.mkdir(parents=True)
        shutil.copy(layer / place, own / place)
    shutil.copytree(layer / "usr/share/makepkg", own / "usr/share/makepkg")
    (folder := own / "packages").mkdir()
    workshop.give(own)
    done = workshop.shell(
        f"{own}/usr/bin/makepkg --config {own}/etc/makepkg.conf --nodeps --force",
        workshop.folder(NAME),
        MAKEPKG_LIBRARY=f"{own}/usr/share/makepkg",
        PKGDEST=str(folder),
        BUILDDIR=str(own / "build"),
        PKGEXT=".pkg.tar.zst",
        P7_FORM="static",
        SOURCE_DATE_EPOCH=info(packages[NAME])["builddate"][0],
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (package,) = folder.iterdir()
    return package


def contents(package: Path) -> list[str]:
    """Each file with its mode, owner, time and SHA-256, without what names the maker; 6 has MD5, too."""
    done = subprocess.run(["bsdtar", "-xOf", package, ".MTREE"], capture_output=True, check=True)
    lines = re.sub(r" md5digest=\w+", "", gzip.decompress(done.stdout).decode()).splitlines()
    return [line for line in lines if not line.startswith(("./.PKGINFO ", "./.BUILDINFO "))]


def test_it_is_what_makepkg_6_makes(made: Path, packages: dict[str, Path]) -> None:
    assert "\nbuildtoolver = 7." in read(made, ".BUILDINFO")
    assert "\nbuildtoolver = 6." in read(packages[NAME], ".BUILDINFO")
    assert contents(made) == contents(packages[NAME])
    assert len(contents(made)) > len(listing(made)) > 50
    assert info(made) == {**info(packages[NAME]), "xdata": ["pkgtype=pkg"]}


def test_pacman_7_puts_it_in_the_place_of_the_one_that_guards_it(
    made: Path, pacman_7: list[Path], build: Callable[[str], Path], tmp_path: Path
) -> None:
    guarded = Machine(machine.make(tmp_path, build("static")).path, pacman_7)
    (guarded.root / "etc/pacman.conf").write_text("[options]\n")
    shutil.copy(made, guarded.path)
    done = guarded.pacman("-Udd", guarded.path / made.name)
    assert done.returncode == 0, done.stdout
    assert guarded.installed()[NAME] == info(made)["pkgver"][0]
    done = guarded.run("chroot", guarded.root, "/bin/sh", "-ec", "p7 seal-conf >/dev/null; p7 seal-verify")
    assert (done.returncode, done.stdout) == (0, "")
