"""The programs people run, unchanged: loginctl, busctl, gdbus, systemd-inhibit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bus.client import MANAGER, NAME, PATH, SESSION_PATH
from tests.bus.machine import Machine
from tests.need import need


@pytest.fixture(scope="module")
def booted(p7: Path) -> Iterator[Machine]:
    """A machine where loginctl agrees to start."""
    need("loginctl", "systemd")
    with Machine(p7, toml="[ghosts]\nbooted = true\n") as machine:
        yield machine.start()


def test_list_sessions(booted: Machine) -> None:
    words = booted.output("loginctl", "--no-legend", "list-sessions").split()
    assert words[:4] == ["1", "1000", "lain", "seat0"]


def test_list_users_and_seats(booted: Machine) -> None:
    assert booted.output("loginctl", "--no-legend", "list-users").split()[:2] == ["1000", "lain"]
    assert booted.output("loginctl", "--no-legend", "list-seats").split() == ["seat0"]


@pytest.mark.parametrize(
    ("verb", "expected"),
    [
        ("session-status 1", ["1 - lain (1000)", "Seat: seat0", "class user", "State: active"]),
        ("user-status 1000", ["lain (1000)", "State: active", "Sessions: *1"]),
        ("seat-status seat0", ["seat0", "Sessions: *1"]),
        ("show-session 1", ["Id=1", "User=1000", "Name=lain", "Seat=seat0", "Remote=no", "Class=user", "State=active"]),
        ("show-user 1000", ["UID=1000", "RuntimePath=/run/user/1000", "Display=1", "Slice=user-1000.slice"]),
        ("show-seat seat0", ["Id=seat0", "ActiveSession=1", "CanGraphical=yes", "Sessions=1"]),
    ],
)
def test_loginctl_tells_the_truth(booted: Machine, verb: str, expected: list[str]) -> None:
    printed = booted.output("loginctl", "--no-pager", *verb.split())
    assert [line for line in expected if line not in printed] == []


def test_lock_session_reaches_a_listener(booted: Machine) -> None:
    with booted.client() as listener:
        listener.listen(path=SESSION_PATH)
        for verb, signal in (("lock-session", "Lock"), ("unlock-session", "Unlock")):
            booted.output("loginctl", verb, "1")
            assert listener.signal(signal).body == ()


def test_busctl_and_gdbus_introspect_every_object(machine: Machine) -> None:
    need("gdbus", "libglib2.0-bin")
    tree = machine.output("busctl", "--list", "tree", NAME).split()
    assert {PATH, SESSION_PATH, f"{PATH}/user/_1000", f"{PATH}/seat/seat0", f"{PATH}/session/auto"} <= set(tree)
    for path in tree:
        assert "org.freedesktop.DBus.Peer" in machine.output("busctl", "introspect", NAME, path)
        machine.output("gdbus", "introspect", "--system", "--dest", NAME, "--object-path", path)


def test_systemd_inhibit_holds_and_lists(machine: Machine) -> None:
    command = ["systemd-inhibit", "--what=sleep:idle", "--who=tester", "--why=because", "--mode=block"]
    listed = machine.output(*command, "systemd-inhibit", "--list", "--no-legend", "--no-pager")
    assert next(line.split() for line in listed.splitlines() if "tester" in line)[:3] == ["tester", "1000", "lain"]
    assert "tester" not in machine.output("systemd-inhibit", "--list", "--no-pager")


def test_the_pid_is_the_caller_s(machine: Machine) -> None:
    script = 'echo $$; exec systemd-inhibit --who=own --why=y --mode=block busctl --json=short call "$@" ListInhibitors'
    own, listed = machine.output("sh", "-c", script, "sh", NAME, PATH, MANAGER).splitlines()
    assert f'"own","y","block",1000,{own}' in listed


def test_dbus_send_leaves_the_interface_out(machine: Machine) -> None:
    """The specification lets a caller do so; jeepney does in the other tests."""
    with machine.client() as client:
        assert client.ask(client.message("ListSeats", interface=None)).body[0][0][0] == "seat0"
