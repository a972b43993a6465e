"""A machine with the bridge on its bus, for tests that leave it as they found it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bus.client import PATH, Client, wait_for
from tests.bus.machine import Machine
from tests.bus.powered import TOML
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


@pytest.fixture(scope="module")
def power(p7: Path) -> Iterator[Machine]:
    """One that may be told to go down or to sleep."""
    with Machine(p7, toml=TOML) as machine:
        yield machine.start()


@pytest.fixture
def client(power: Machine) -> Iterator[Client]:
    """Its user, who listens; nothing has been done yet."""
    power.path("/run/done").unlink(missing_ok=True)
    with power.client() as client:
        client.listen(path=PATH)
        yield client
        wait_for(lambda: client.get("NCurrentInhibitors") == 0)
