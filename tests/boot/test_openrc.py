"""The same scripts on the oldest and the newest OpenRC that they are for; the other tests boot 0.56."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.lab.boot import Boot
from tests.lab.checks import CHECKS, power_off
from tests.lab.inside import ask
from tests.lab.openrc import openrc
from tests.lab.run import BOOTED
from tests.lab.stage import Machine
from tests.need import missing

SUITES = {"bookworm": (0, 45), "sid": (0, 62)}
"""Debian suite to what its OpenRC must be: 0.45, or 0.62 at least, which understands notify=."""
NAMES = (
    "default runlevel reached",
    "services started",
    "greetd logged in on lainos-init",
    "processes are in the scope",
    "loginctl lists",
    "rsyslogd's READY is logged",
    "notifyd comes back",
    "the bridge comes back",
)


@pytest.fixture(scope="module", params=SUITES)
def booted(request: pytest.FixtureRequest, layers: Callable[[Machine], list[Path]]) -> Iterator[Boot]:
    staged, debian = layers(Machine("zipapp", BOOTED))
    try:
        layer = openrc(request.param)
    except subprocess.CalledProcessError as error:
        missing(f"no OpenRC of Debian {request.param}: {error}", "apt must reach a mirror that has the suite")
    with Boot([staged, layer, debian]) as boot:
        boot.wait_runlevel("default")
        found = tuple(int(part) for part in ask(boot, "openrc", "--version").split()[-1].split("."))
        wanted = SUITES[request.param]
        assert found[:2] == wanted if request.param == "bookworm" else found >= wanted
        yield boot


@pytest.mark.parametrize("name", NAMES)
def test_it_holds(booted: Boot, name: str) -> None:
    CHECKS[name](booted)


def test_a_daemon_started_anew_writes_into_nobodys_descriptor(booted: Boot) -> None:
    """0.64 has its own socket to syslog where the readiness descriptor was; a newline there is an empty line."""
    lines = booted.path("var/log/syslog").read_text().splitlines()
    assert [line for line in lines if len(line.split()) < 3] == []


def test_power_off(booted: Boot) -> None:
    power_off(booted)
