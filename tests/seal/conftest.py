"""One machine made a session, a copy of it for each test.

Tests run on this machine's pacman; `@pytest.mark.parametrize("machine", PACMANS, indirect=True)` on trixie's 7.0 too.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lab.dracut import PACKAGES
from tests.lab.packages import layer
from tests.lab.run import obstacle
from tests.lab.tree import tree
from tests.need import missing, need_root
from tests.seal.machine import PACMAN, Done, Machine, make

OWN, PACMAN_7 = "own", "pacman-7.0"
PACMANS = [OWN, PACMAN_7]


@pytest.fixture(scope="session")
def made(build: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Machine:
    need_root("pacman, chroot and mount ask for it")
    return make(tmp_path_factory.mktemp("machine"), build("static"))


@pytest.fixture(scope="session")
def layers() -> list[Path]:
    """Those that have pacman 7.0: the same as tests/boot/test_kernels.py's."""
    if problem := obstacle():
        missing(*problem)
    try:
        return [layer(PACMAN, *PACKAGES), tree()]
    except subprocess.CalledProcessError as error:
        missing(f"{PACMAN}: {error}", "apt must reach its mirror")


@pytest.fixture
def machine(made: Machine, tmp_path: Path, request: pytest.FixtureRequest) -> Machine:
    path = tmp_path / "machine"
    shutil.copytree(made.path, path, symlinks=True)
    return Machine(path, request.getfixturevalue("layers") if getattr(request, "param", OWN) == PACMAN_7 else ())


def verify(machine: Machine, *options: str) -> Done:
    return machine.run("chroot", machine.root, "/usr/bin/p7", "seal-verify", *options)


@pytest.fixture
def sealed(machine: Machine) -> Machine:
    """A machine that there is nothing to say about."""
    (machine.root / "etc/pacman.d/hooks").mkdir(parents=True)
    (machine.root / "etc/pacman.conf").write_text("[options]\n")
    (machine.root / "usr/bin/openrc-init").touch()
    (machine.root / "usr/bin/init").symlink_to("openrc-init")
    machine.run("chroot", machine.root, "/usr/bin/p7", "seal-conf")
    done = verify(machine)
    assert (done.returncode, done.stdout) == (0, "")
    return machine
