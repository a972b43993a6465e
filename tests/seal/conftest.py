"""One machine made a session, a copy of it for each test."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.need import need_root
from tests.seal.machine import Machine, make


@pytest.fixture(scope="session")
def made(build: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Machine:
    need_root("pacman, chroot and mount ask for it")
    return make(tmp_path_factory.mktemp("machine"), build("static"))


@pytest.fixture
def machine(made: Machine, tmp_path: Path) -> Machine:
    path = tmp_path / "machine"
    shutil.copytree(made.path, path, symlinks=True)
    return Machine(path)
