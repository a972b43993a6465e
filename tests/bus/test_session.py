"""The session: found by name, pid and being in it; hints and descriptions; signals to its processes."""

from __future__ import annotations

import fcntl
import os
import resource
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from signal import SIGUSR1
from typing import Any

import pytest

from tests.bus.client import (
    MANAGER,
    NAME,
    PATH,
    PROPERTIES,
    SEAT,
    SEAT_PATH,
    SESSION,
    SESSION_PATH,
    USER,
    USER_PATH,
    Client,
    Error,
    wait_for,
)
from tests.bus.machine import Machine

NO_SESSION_FOR_PID = "org.freedesktop.login1.NoSessionForPID"
NO_USER_FOR_PID = "org.freedesktop.login1.NoUserForPID"
UNKNOWN_OBJECT = "org.freedesktop.DBus.Error.UnknownObject"
DENIED = "org.freedesktop.DBus.Error.AccessDenied"
INVALID = "org.freedesktop.DBus.Error.InvalidArgs"
SCOPE = "/sys/fs/cgroup/user.slice/user-1000.slice/session-1.scope"
FILE = "/run/systemd/sessions/1"
TIOCSPTLCK = 0x40045431  # ioctl_tty(2); Python 3.11 has no name for it
HINTS = ("IdleHint", "IdleSinceHint", "IdleSinceHintMonotonic")


def test_the_user_s_own_by_every_alias(lain: Client) -> None:
    for name in ("1", "", "self", "auto"):
        assert lain.call("GetSession", "s", name) == (SESSION_PATH,)
    for name in ("seat0", "", "self", "auto"):
        assert lain.call("GetSeat", "s", name) == (SEAT_PATH,)
    for path in (f"{PATH}/session/self", f"{PATH}/session/auto", SESSION_PATH):
        assert lain.get("Id", path, SESSION) == "1"
    for path in (f"{PATH}/seat/self", f"{PATH}/seat/auto", SEAT_PATH):
        assert lain.get("Id", path, SEAT) == "seat0"
    for path in (f"{PATH}/user/self", USER_PATH):
        assert lain.get("UID", path, USER) == 1000


def test_nobody_else_s(stranger: Client) -> None:
    for name in ("", "self", "auto"):
        with pytest.raises(Error, match=NO_SESSION_FOR_PID):
            stranger.call("GetSession", "s", name)
    with pytest.raises(Error, match=UNKNOWN_OBJECT):
        stranger.get("Id", f"{PATH}/session/auto", SESSION)
    assert stranger.call("GetSession", "s", "1") == (SESSION_PATH,)
    assert stranger.get("Id", SESSION_PATH, SESSION) == "1"


@pytest.fixture
def inside(machine: Machine) -> Iterator[int]:
    """The pid, on that machine, of a process in the session's scope that is not the user's."""
    process = machine.private.start(["sh", "-c", f"echo $$ >{SCOPE}/cgroup.procs; echo $$ >/run/pid; exec sleep 60"])
    wait_for(lambda: machine.path("/run/pid").exists() and machine.path("/run/pid").read_text().endswith("\n"))
    yield int(machine.path("/run/pid").read_text())
    machine.path("/run/pid").unlink()
    process.kill()
    process.wait()


def test_by_pid(machine: Machine, lain: Client, inside: int) -> None:
    assert lain.call("GetSessionByPID", "u", inside) == (SESSION_PATH,)
    assert lain.call("GetUserByPID", "u", inside) == (USER_PATH,)
    assert lain.call("GetSessionByPID", "u", 0) == (SESSION_PATH,)
    for pid in (1, 4_000_000):
        with pytest.raises(Error, match=NO_SESSION_FOR_PID):
            lain.call("GetSessionByPID", "u", pid)
        with pytest.raises(Error, match=NO_USER_FOR_PID):
            lain.call("GetUserByPID", "u", pid)
    with pytest.raises(Error, match=INVALID):
        lain.call("GetSessionByPID", "u", 0x80000000)


def test_a_process_of_another_user_in_the_scope_is_in_the_session(machine: Machine) -> None:
    call = f"busctl call {NAME} {PATH} {MANAGER} GetSession s self"
    script = f"echo 0 >{SCOPE}/cgroup.procs; exec setpriv --reuid=1001 --regid=1001 --clear-groups {call}"
    assert SESSION_PATH in machine.sh(script)
    assert machine.run(["sh", "-c", call], uid=1001).returncode != 0


def test_lists(lain: Client) -> None:
    assert lain.call("ListSessions") == ([("1", 1000, "lain", "seat0", SESSION_PATH)],)
    assert lain.call("ListSessionsEx")[0][0][:4] == ("1", 1000, "lain", "seat0")
    assert lain.call("ListUsers") == ([(1000, "lain", USER_PATH)],)
    assert lain.call("ListSeats") == ([("seat0", SEAT_PATH)],)


def test_idle_hint(lain: Client) -> None:
    lain.listen(interface=PROPERTIES)
    before = time.time_ns() // 1000
    _session(lain, "SetIdleHint", "b", True)
    told = dict(lain.changes() for _ in range(4))
    assert set(told) == {SESSION, SEAT, USER, MANAGER}
    assert all(set(values) == set(HINTS) and values["IdleHint"] is True for values in told.values())
    assert len({tuple(sorted(values.items())) for values in told.values()}) == 1
    assert before <= told[SESSION]["IdleSinceHint"] <= time.time_ns() // 1000
    assert [lain.get(name, SESSION_PATH, SESSION) for name in HINTS] == [told[SESSION][name] for name in HINTS]
    assert lain.call("ListSessionsEx")[0][0][7:9] == (True, told[SESSION]["IdleSinceHintMonotonic"])
    _session(lain, "SetIdleHint", "b", True)
    _session(lain, "SetIdleHint", "b", False)
    assert lain.changes()[1]["IdleHint"] is False, "setting it twice is told once"


def test_locked_hint(lain: Client) -> None:
    lain.listen(path=SESSION_PATH)
    for locked in (True, False):
        _session(lain, "SetLockedHint", "b", locked)
        assert lain.changes() == (SESSION, {"LockedHint": locked})
        for path in (SESSION_PATH, f"{PATH}/session/auto"):
            assert lain.get("LockedHint", path, SESSION) is locked
            assert lain.get_all(path, SESSION)["LockedHint"] == ("b", locked)


def test_lock_is_a_signal_and_no_hint(lain: Client) -> None:
    lain.listen(path=SESSION_PATH)
    calls: list[tuple[Callable[[], Any], str]] = [
        (lambda: _session(lain, "Lock"), "Lock"),
        (lambda: _session(lain, "Unlock"), "Unlock"),
        (lambda: lain.call("LockSession", "s", "auto"), "Lock"),
        (lambda: lain.call("UnlockSession", "s", "1"), "Unlock"),
        (lambda: lain.call("LockSessions"), "Lock"),
        (lambda: lain.call("UnlockSessions"), "Unlock"),
    ]
    for call, signal in calls:
        call()
        assert lain.signal(signal).body == ()
    assert lain.get("LockedHint", SESSION_PATH, SESSION) is False


@pytest.mark.parametrize(
    ("member", "value", "property", "line"),
    [
        ("SetType", "wayland", "Type", "TYPE=wayland"),
        ("SetType", "x11", "Type", "TYPE=x11"),
        ("SetDisplay", ":7", "Display", "DISPLAY=:7"),
    ],
)
def test_bus_and_file_say_the_same(
    machine: Machine, lain: Client, member: str, value: str, property: str, line: str
) -> None:
    lain.listen(path=SESSION_PATH)
    _session(lain, member, "s", value)
    assert lain.changes() == (SESSION, {property: value})
    assert lain.get(property, SESSION_PATH, SESSION) == value
    assert lain.get_all(SESSION_PATH, SESSION)[property] == ("s", value)
    assert line in machine.path(FILE).read_text().splitlines()


def test_the_terminal_is_the_descriptor_s(machine: Machine, lain: Client) -> None:
    machine.sh("mkdir /dev/pts && mount -t devpts -o newinstance devpts /dev/pts")
    main = os.open(machine.path("/dev/pts/ptmx"), os.O_RDWR | os.O_NOCTTY)
    fcntl.ioctl(main, TIOCSPTLCK, struct.pack("i", 0))
    terminal = os.open(machine.path("/dev/pts/0"), os.O_RDWR | os.O_NOCTTY)
    _session(lain, "SetTTY", "h", terminal)
    assert lain.get("TTY", SESSION_PATH, SESSION) == "pts/0"
    assert "TTY=pts/0" in machine.path(FILE).read_text().splitlines()
    with open("/dev/null") as null, pytest.raises(Error, match=INVALID):
        _session(lain, "SetTTY", "h", null.fileno())
    os.close(main)
    os.close(terminal)


@pytest.mark.parametrize(
    ("member", "value"), [("SetType", "tank"), ("SetType", ""), ("SetDisplay", "x\ny"), ("SetDisplay", ":" * 999)]
)
def test_descriptions_that_are_none(machine: Machine, lain: Client, member: str, value: str) -> None:
    before = machine.path(FILE).read_text()
    with pytest.raises(Error, match=INVALID):
        _session(lain, member, "s", value)
    assert machine.path(FILE).read_text() == before


def test_kill_reaches_the_scope(machine: Machine, lain: Client, inside: int) -> None:
    lain.call("KillSession", "ssi", "1", "all", 9)
    wait_for(lambda: machine.run(["kill", "-0", str(inside)], uid=0).returncode != 0)


@pytest.mark.parametrize(
    ("member", "signature", "arguments"),
    [
        ("TakeControl", "b", (False,)),
        ("SetClass", "s", ("greeter",)),
    ],
)
def test_what_is_refused(lain: Client, member: str, signature: str, arguments: tuple[Any, ...]) -> None:
    with pytest.raises(Error, match=r"org\.freedesktop\.DBus\.Error\.NotSupported"):
        _session(lain, member, signature, *arguments)


def test_brightness(p7: Path) -> None:
    with Machine(p7) as machine:
        machine.sh("mount -t tmpfs tmpfs /sys/class/leds 2>/dev/null || mount -t tmpfs tmpfs /sys/class")
        machine.sh("mkdir -p /sys/class/leds/lamp; cd /sys/class/leds/lamp; echo 9 >max_brightness; echo 1 >brightness")
        with machine.start().client() as client:
            _session(client, "SetBrightness", "ssu", "leds", "lamp", 7)
            assert machine.path("/sys/class/leds/lamp/brightness").read_text().split() == ["7"]
            for arguments in (("leds", "lamp", 10), ("leds", "none", 1), ("leds", "../lamp", 1), ("leds", ".", 1),
                              ("dmi", "id", 1)):  # fmt: skip
                with pytest.raises(Error):
                    _session(client, "SetBrightness", "ssu", *arguments)
            assert machine.path("/sys/class/leds/lamp/brightness").read_text().split() == ["7"]


def _session(client: Client, member: str, signature: str = "", *values: Any) -> tuple[Any, ...]:
    return client.call(member, signature, *values, path=SESSION_PATH, interface=SESSION)


MANY = f"""
import os, signal, sys
count, told = int(sys.argv[1]), os.open("/run/told", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
open("{SCOPE}/cgroup.procs", "w").write("0")
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1, signal.SIGTERM])
for _ in range(count - 1):
    if not os.fork():
        break
for _ in range(2):
    number = signal.sigwait([signal.SIGUSR1, signal.SIGTERM])
    os.write(told, b"u" if number == signal.SIGUSR1 else b"t")
"""


def test_a_session_of_more_processes_than_the_broker_may_have_descriptors(p7: Path) -> None:
    count = 100
    with Machine(p7) as machine, machine.start().client() as client:
        resource.prlimit(machine.pids()[0], resource.RLIMIT_NOFILE, (count // 2, count // 2))
        machine.private.start(["python3", "-c", MANY, str(count)])
        scope, told = machine.path(f"{SCOPE}/cgroup.procs"), machine.path("/run/told")
        wait_for(lambda: len(scope.read_text().split()) == count)
        client.call("KillSession", "ssi", "1", "all", SIGUSR1)
        wait_for(lambda: told.read_text() == "u" * count)
        client.call("TerminateSession", "s", "1")
        wait_for(lambda: told.read_text() == "u" * count + "t" * count)
        wait_for(lambda: scope.read_text() == "")
