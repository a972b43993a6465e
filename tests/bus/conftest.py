"""A machine with the bridge on its bus, for tests that leave it as they found it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bus.client import Client
from tests.bus.machine import Machine
from tests.lab.private import LAIN
from tests.need import need, need_root


@pytest.fixture(scope="session", autouse=True)
def tools() -> None:
    """What every test here needs of the machine."""
    need_root("the bridge is a root service")
    need("dbus-daemon", "dbus-daemon")
    need("nsenter", "util-linux")


@pytest.fixture(scope="package")
def machine(p7: Path) -> Iterator[Machine]:
    """The one that tests share."""
    with Machine(p7) as machine:
        yield machine.start()


@pytest.fixture
def lain(machine: Machine) -> Iterator[Client]:
    """The session's user on the shared machine's bus."""
    with machine.client(LAIN) as client:
        yield client


@pytest.fixture
def root(machine: Machine) -> Iterator[Client]:
    """Root there."""
    with machine.client(0) as client:
        yield client


@pytest.fixture
def stranger(machine: Machine) -> Iterator[Client]:
    """Another user there."""
    with machine.client(1001) as client:
        yield client
