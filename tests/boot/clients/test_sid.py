"""The newest clients, of Debian sid, over the same tree: loginctl and its like as of systemd 262, and hypridle."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.boot.clients.conftest import MACHINE, booting
from tests.boot.clients.test_swayidle import SUSPEND
from tests.lab.boot import Boot, until
from tests.lab.checks import CHECKS
from tests.lab.inside import RUNTIME_DIR, ask, client, seen
from tests.lab.packages import clients, layer
from tests.lab.session import behind, output, says
from tests.lab.stage import Machine

NAMES = (
    "loginctl lists",
    "loginctl shows",
    "loginctl describes",
    "an inhibitor is held and released",
    "swayidle sees a lock",
)


@pytest.fixture(scope="module")
def booted(layers: Callable[[Machine], list[Path]]) -> Iterator[Boot]:
    staged, debian = layers(MACHINE)
    try:
        newer = [layer("hypridle", "libsystemd-shared", suite="sid"), clients("sid")]
    except subprocess.CalledProcessError as error:
        pytest.skip(f"Debian sid, which moves, cannot be had today: {error}")
    with booting([staged, *newer, debian]) as boot:
        yield boot


def test_it_is_newer(booted: Boot) -> None:
    assert int(ask(booted, client("loginctl"), "--version").split()[1]) >= 262


@pytest.mark.parametrize("name", NAMES)
def test_it_holds(booted: Boot, name: str) -> None:
    CHECKS[name](booted)


def test_hypridle(booted: Boot) -> None:
    """It holds up sleep, hears of it before and after, of locks, and misses nothing but what is Hyprland's own."""
    log = behind(booted, "hypridle --config /opt/lab/hypridle.conf")
    seen(booted, "sh", "-c", f"{client('systemd-inhibit')} --list --no-pager | grep -i hypridle")
    happens(booted, log, "idle")
    for event in ("lock", "unlock"):
        says(booted, f"{client('loginctl')} {event}-session")
        happens(booted, log, event)
    says(booted, SUSPEND)
    happens(booted, log, "before")
    happens(booted, log, "after")
    ask(booted, "pkill", "--exact", "hypridle")
    complaints = [line for line in output(booted, log).splitlines() if line.startswith(("[WARN", "[ERR", "[CRIT"))]
    assert [line for line in complaints if "hyprland-lock-notify" not in line] == []


def happens(boot: Boot, log: str, event: str) -> None:
    until(boot.path(f"{RUNTIME_DIR}/hypridle-{event}").exists, 10, event, lambda: output(boot, log))
