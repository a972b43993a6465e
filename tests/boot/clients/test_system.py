"""System services that ask login1 or libsystemd: polkitd, NetworkManager, UPower; and WirePlumber in the session."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator

import pytest

from tests.boot.clients.conftest import INSIDE
from tests.boot.clients.test_swayidle import SUSPEND
from tests.lab.boot import Boot, until
from tests.lab.checks import audio_starts
from tests.lab.inside import LOGIN1, RUNTIME_DIR, USER, ask, client, compositor, processes, seen
from tests.lab.session import behind, in_session, output, says, writes

PKCHECK = "pkcheck --action-id p7.lab.try --process"
DAEMONS = {
    "NetworkManager": ("NetworkManager --debug --log-level=INFO", "NetworkManager needs to turn off networks"),
    "upowerd": ("/usr/libexec/upowerd", "Pause device polling"),
}
"""A daemon's command line, and why it holds a delay inhibitor on sleep."""
SOUND = "wireplumber|pipewire"


@pytest.fixture(scope="module")
def action(booted: Boot) -> None:
    """An action of polkit's that only an active session's processes may take."""
    shutil.copy(INSIDE / "lab.policy", booted.path("usr/share/polkit-1/actions/p7.lab.policy"))
    seen(booted, "pkaction", "--action-id", "p7.lab.try")


@pytest.mark.usefixtures("action")
def test_polkit_grants_to_the_session(booted: Boot) -> None:
    assert in_session(booted, f"{PKCHECK} $$") == (0, "")


@pytest.mark.usefixtures("action")
def test_polkit_grants_to_the_services_of_the_session(booted: Boot) -> None:
    """They are in a cgroup below the session's."""
    (bus,) = ask(booted, "pgrep", "--exact", "dbus-daemon", "--uid", USER).split()
    ask(booted, *f"{PKCHECK} {bus}".split())


@pytest.mark.usefixtures("action")
def test_polkit_denies_outside(booted: Boot) -> None:
    """The same user, from a cgroup that is nobody's session."""
    code, text = booted.run(["sh", "-c", f"{PKCHECK} $$"], USER)
    assert (code, text) == (1, "Not authorized.\n")


@pytest.fixture(scope="module", params=DAEMONS)
def daemon(request: pytest.FixtureRequest, booted: Boot) -> Iterator[tuple[str, str]]:
    """A daemon's name and the file of its log."""
    name: str = request.param
    log = f"/run/{name}.log"
    ask(booted, "sh", "-c", f"{DAEMONS[name][0]} >{log} 2>&1 &")
    yield name, log
    ask(booted, "pkill", "--exact", name)


def inhibitors(boot: Boot) -> list[tuple[str, str, str]]:
    """What, why and mode of each inhibitor."""
    call = f"{client('busctl')} --json=short call {' '.join(LOGIN1)} ListInhibitors"
    (held,) = json.loads(ask(boot, *call.split()))["data"]
    return [(what, why, mode) for what, _, why, mode, *_ in held]


def test_a_daemon_holds_its_inhibitor_through_a_sleep(booted: Boot, daemon: tuple[str, str]) -> None:
    name, log = daemon
    wanted = ("sleep", DAEMONS[name][1], "delay")
    until(lambda: wanted in inhibitors(booted), 10, f"{name} holds {wanted}", lambda: output(booted, log))
    slept = booted.path("run/slept")
    slept.unlink(missing_ok=True)
    says(booted, SUSPEND)
    until(slept.exists, 10, f"{name} lets it sleep", lambda: output(booted, log))
    until(lambda: wanted in inhibitors(booted), 10, f"{name} holds it again", lambda: output(booted, log))
    assert f"going on without {name}" not in output(booted, "/var/log/syslog")


def test_a_daemon_does_not_complain(booted: Boot, daemon: tuple[str, str]) -> None:
    """Of missing hardware it may."""
    name, log = daemon
    assert processes(booted, name)
    complaints = re.compile(r"login|session|seat|systemd|inhibit|D-?Bus.*(error|fail)|critical", re.IGNORECASE)
    lines = output(booted, log).splitlines()
    assert [line for line in lines if "<info>" not in line and complaints.search(line)] == []


def test_network_manager_sleeps_and_wakes(booted: Boot) -> None:
    log = output(booted, "/run/NetworkManager.log")
    told = re.findall(r"manager: sleep: (sleep|wake) requested", log)
    assert told == ["sleep", "wake"], log


def test_wireplumber_starts_its_bluetooth_monitor(booted: Boot) -> None:
    """Which it does where libsystemd says that the user is active at a seat; BlueZ itself is not there."""
    audio_starts(booted)  # by sway's configuration: two session managers would be in each other's way
    end_sound(booted)
    behind(booted, "pipewire")
    seen(booted, "test", "-S", f"{RUNTIME_DIR}/pipewire-0")
    log = behind(booted, "env WIREPLUMBER_DEBUG=I wireplumber")
    text = writes(booted, log, "Registering DBus media object manager: /MediaEndpoint")
    assert "Seat state changed: active" in text
    end_sound(booted)


def end_sound(boot: Boot) -> None:
    """End the session's sound daemons; they take their sockets along."""
    ask(boot, "pkill", "--uid", USER, SOUND)
    until(lambda: boot.run(["pgrep", "--uid", USER, SOUND])[0] == 1, 10, "the sound daemons have ended")


def test_every_way_to_ask_libsystemd_gives_the_same(booted: Boot) -> None:
    answers = json.loads(says(booted, "python3 /opt/lab/sd_login.py"))
    assert answers["pid"] == answers["pid 0"] == answers["peer"] == answers["pidfd"]
    assert {key: value for key, value in answers["pid"].items() if value is not None} == {
        "session": "1",
        "cgroup": "/user.slice/user-1000.slice/session-1.scope",
        "slice": "user-1000.slice",
        "user_slice": "-.slice",
        "unit": "session-1.scope",
        "owner_uid": 1000,
    }
    assert answers["user"] == {"state": "active", "display": "1", "sessions": ["1"], "seats": ["seat0"], "on seat0": 1}
    assert answers["machine"] == {"seats": ["seat0"], "sessions": ["1"]}
    assert answers["seat"] == {"graphical": 1, "tty": 1}
    session = answers["session"]
    assert session["leader"] == compositor(booted)
    assert [session[key] for key in ("state", "seat", "type", "class", "desktop", "username", "uid")] == [
        *("active", "seat0", "wayland", "user", "sway", "lain", 1000),
    ]
    assert (session["active"], session["remote"]) == (1, 0)
