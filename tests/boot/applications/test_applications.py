"""Applications start in the session and have nothing to say about systemd, the buses or the session.

What would be said is shown too: by swayidle without the bridge, by foot, which asks no bus, without the session's
folder, and by the others without a bus, which evince misses only where GTK is told to ask the portals.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator

import pytest

from tests.boot.applications.place import Place, Program
from tests.boot.conftest import BROWSERS, NO_BROWSERS, browsers_wanted
from tests.lab.boot import until
from tests.lab.checks import login1_answers
from tests.lab.inside import ask, client

COMPLAINT = re.compile(
    r"systemd|systemctl|logind|login1|sd.bus|journal|d-?bus|(session|system|user) bus|could not connect"
    r"|XDG_RUNTIME|XDG_SESSION|cgroup|\bseat|polkit",
    re.IGNORECASE,
)
"""What a program names that misses something of systemd's, or the bus by which it would ask."""
ELSEWHERE = re.compile(r"net\.hadess\.PowerProfiles was not provided")
"""What nobody here provides: waybar asks for a daemon that is not installed."""

NO_BUS = "env DBUS_SESSION_BUS_ADDRESS=unix:path=/nowhere DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nowhere"
NOTIFY = (
    f"{client('busctl')} --user call org.freedesktop.Notifications /org/freedesktop/Notifications"
    " org.freedesktop.Notifications Notify susssasa{sv}i lab 0 '' 'hello from the lab' '' 0 0 1000"
)
PORTAL = "org.freedesktop.portal.Desktop /org/freedesktop/portal/desktop org.freedesktop.portal.FileChooser".split()
NEW = "$(mktemp -d) about:blank"
SLOW_SEC = 40
QUIET_SEC = 2
"""How long a program may still find something to say once it is up."""


def window(*app_ids: str) -> Callable[[Place, Program], bool]:
    return lambda place, _: any(row.startswith(app_ids) for row in place.windows())


def writes(text: str) -> Callable[[Place, Program], bool]:
    return lambda _, program: text in program.output()


def answers(command: str, text: str) -> Callable[[Place, Program], bool]:
    return lambda place, _: text in place.ask("sh", "-c", command)


APPLICATIONS = {
    "foot": window("foot"),
    "waybar": writes("Bar configured"),
    "mako": answers(f"{NOTIFY}; makoctl list", "hello from the lab"),
    "transmission-gtk": window("com.transmissionbt", "transmission-gtk"),
    "evince": window("org.gnome.Evince"),
    "swayidle -w before-sleep true": answers(f"{client('systemd-inhibit')} --list", "swayidle"),
    f"chromium --no-sandbox --ozone-platform=wayland --no-first-run --user-data-dir={NEW}": window("chromium"),
    f"firefox-esr --profile {NEW}": window("firefox-esr"),
}
"""A command, and how it is seen to be up."""
each = pytest.mark.parametrize("command", APPLICATIONS, ids=lambda command: command.split()[0])


@pytest.fixture(scope="package")
def programs(place: Place) -> Iterator[dict[str, Program]]:
    """All of them, at once, as on a person's screen."""
    commands = [command for command in APPLICATIONS if browsers_wanted() or not command.startswith(BROWSERS)]
    running = {command: place.start(command) for command in commands}
    yield running
    for program in running.values():
        program.stop()


@pytest.fixture
def program(programs: dict[str, Program], command: str) -> Program:
    """The one that a test is about."""
    if command not in programs:
        pytest.skip(NO_BROWSERS)
    return programs[command]


@pytest.fixture(scope="package")
def quiet(programs: dict[str, Program]) -> None:
    """They have said what they had to."""
    time.sleep(QUIET_SEC)


def complaints(text: str) -> list[str]:
    return [line for line in text.splitlines() if COMPLAINT.search(line) and not ELSEWHERE.search(line)]


@each
def test_it_starts(place: Place, program: Program, command: str) -> None:
    until(lambda: APPLICATIONS[command](place, program), SLOW_SEC, f"{command} is up", program.output)


def test_a_portal_opens_a_file_chooser(place: Place) -> None:
    """Its two programs are activated by the session's bus, in the environment that this was told."""
    portals = set(place.boot.run(["pgrep", "--full", "^/usr/libexec/xdg-desktop-portal"])[1].split())
    place.boot.run(["kill", *portals])  # those of the compositor before
    # Not until they have ended: a process is nowhere to be seen before the bus knows, and others may have come.
    until(lambda: not portals & set(place.on_the_bus()), 10, f"the bus has let {portals} go")
    asked = place.ask(client("busctl"), "--user", "call", *PORTAL, "OpenFile", "ssa{sv}", "", "Which one?", "0")
    assert asked.startswith('o "/org/freedesktop/portal/desktop/request/')
    until(lambda: "xdg-desktop-portal-gtk: Which one?" in place.windows(), SLOW_SEC, "the dialog is there")


@each
@pytest.mark.usefixtures("quiet")
def test_it_has_nothing_to_complain_of(program: Program) -> None:
    assert program.runs()
    assert complaints(program.output()) == []


@pytest.mark.usefixtures("quiet")
def test_the_buses_started_what_they_were_asked_for(place: Place) -> None:
    """What they start says nothing that anybody sees, so the log must tell."""
    text = place.boot.path("var/log/syslog").read_text(errors="replace")
    assert "Successfully activated service 'org.freedesktop.portal.Desktop'" in text
    assert [line for line in text.splitlines() if "dbus-daemon" in line and re.search("failed:|Rejected", line)] == []


@pytest.mark.parametrize(
    ("name", "without"),
    [
        ("foot", "env -u XDG_RUNTIME_DIR"),
        *[(name, NO_BUS) for name in ("waybar", "mako", "transmission-gtk", *BROWSERS)],
        ("evince", f"{NO_BUS} GTK_USE_PORTAL=1"),
    ],
    ids=lambda value: value.partition(" ")[0],
)
def test_it_complains_of_what_it_misses(place: Place, programs: dict[str, Program], name: str, without: str) -> None:
    command = next((command for command in programs if command.startswith(name)), "")
    if not command:
        pytest.skip(NO_BROWSERS)
    program = place.start(f"{without} {command}")
    until(lambda: complaints(program.output()) != [], SLOW_SEC, f"{name} complains", program.output)
    program.stop()


def test_without_the_bridge_swayidle_complains(place: Place) -> None:
    ask(place.boot, "rc-service", "lainos-dbus-bridge", "stop")
    program = place.start("swayidle -w before-sleep true")
    until(lambda: "login1" in str(complaints(program.output())), SLOW_SEC, "swayidle complains", program.output)
    program.stop()
    ask(place.boot, "rc-service", "lainos-dbus-bridge", "start")
    login1_answers(place.boot)
