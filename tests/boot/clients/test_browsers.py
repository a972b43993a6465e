"""Chromium and Firefox in the session: what they ask of login1, and whether Firefox hears of a sleep."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.boot.clients.conftest import MACHINE, PROGRAMS, booting
from tests.boot.clients.test_swayidle import SUSPEND
from tests.boot.conftest import BROWSERS, NO_BROWSERS, browsers_wanted, programs
from tests.lab.boot import Boot, until
from tests.lab.inside import ask
from tests.lab.session import behind, output, says, writes
from tests.lab.stage import Machine

LOGIN1_MATCHES = (
    "interface='org.freedesktop.DBus',member='NameOwnerChanged',path='/org/freedesktop/DBus'",
    "sender='org.freedesktop.login1',interface='org.freedesktop.login1.Manager',path='/org/freedesktop/login1'",
)
CHROMIUM_ASKS = (*LOGIN1_MATCHES, 'member=GetNameOwner\n   string "org.freedesktop.login1"')
SLOW = 60
_numbers = count(1)


@pytest.fixture(scope="module")
def booted(layers: Callable[[Machine], list[Path]]) -> Iterator[Boot]:
    staged, debian = layers(MACHINE)
    if not browsers_wanted():
        pytest.skip(NO_BROWSERS)
    with booting([staged, programs(*PROGRAMS), programs(*BROWSERS), debian]) as boot:
        ask(boot, "ip", "link", "set", "lo", "up")
        yield boot


@pytest.fixture
def bus(booted: Boot) -> Iterator[str]:
    """The file that gets all that goes over the system bus."""
    file = f"/run/lab-bus-{next(_numbers)}"
    ask(booted, "sh", "-c", f"dbus-monitor --system >{file} 2>&1 &")
    writes(booted, file, "NameLost")  # what it hears last of its own connection
    yield file
    ask(booted, "pkill", "--exact", "dbus-monitor")


def asked(heard: str) -> str:
    """What the bus was told, each match's fields without the spaces that some put between them."""
    return heard.replace(", ", ",")


def test_chromium_watches_login1(booted: Boot, bus: str) -> None:
    options = "--no-sandbox --ozone-platform=wayland --no-first-run --user-data-dir=/tmp/chromium"
    log = behind(booted, f"chromium {options} about:blank")

    def unheard() -> list[str]:
        heard = asked(ask(booted, "cat", bus))
        return [question for question in CHROMIUM_ASKS if question not in heard]

    until(lambda: not unheard(), SLOW, "Chromium asks all of it", lambda: "\n".join(unheard()))
    says(booted, "sleep 2")
    ask(booted, "pkill", "--full", "^/usr/lib/chromium/chromium")
    assert [line for line in output(booted, log).splitlines() if "dbus" in line.lower()] == []


def test_firefox_hears_of_a_sleep(booted: Boot, bus: str) -> None:
    log = behind(booted, "firefox-esr --marionette --remote-allow-system-access --profile $(mktemp -d) about:blank")
    writes(booted, log, "Listening on port", SLOW)
    heard = asked(writes(booted, bus, "interface=org.freedesktop.DBus.Properties; member=GetAll", SLOW))
    assert [match for match in LOGIN1_MATCHES if match not in heard] == []
    watching = behind(booted, "python3 /opt/lab/firefox_sleep.py")
    writes(booted, watching, "watching", SLOW)
    says(booted, "sleep 1")
    says(booted, SUSPEND)
    assert "sleep_notification wake_notification" in writes(booted, watching, "wake", SLOW)
    ask(booted, "pkill", "--exact", "firefox-esr")
    assert [line for line in output(booted, log).splitlines() if "dbus" in line.lower()] == []
