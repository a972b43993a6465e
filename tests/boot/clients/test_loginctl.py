"""systemd's own clients, run in the session by its user: loginctl 257, systemd-inhibit, busctl; and gdbus."""

from __future__ import annotations

import json
import re

import pytest

from tests.lab.boot import Boot, until
from tests.lab.inside import LOGIN1, USER, ask, client, compositor, seen
from tests.lab.session import behind, ended, in_session, log_in, output, says, writes

LOGINCTL = client("loginctl")
SESSION = [LOGIN1[0], f"{LOGIN1[1]}/session/_31", "org.freedesktop.login1.Session"]


@pytest.mark.parametrize(
    ("verb", "expected"),
    [
        ("list-sessions", ["1 1000 lain seat0", "1 sessions listed."]),
        ("list-users", ["1000 lain no     active", "1 users listed."]),
        ("list-seats", ["seat0", "1 seats listed."]),
        ("session-status", ["1 - lain (1000)", "State: active", "Leader: ", "Type: wayland", "Unit: session-1.scope"]),
        ("user-status", ["lain (1000)", "Sessions: *1", "Linger: no"]),
        ("seat-status", ["seat0", "Sessions: *1"]),
        ("show-session", ["NCurrentSessions=1", "KillUserProcesses=no"]),
        ("show-session auto --property=Id --value", ["1\n"]),
        ("show-session self --property=Id --value", ["1\n"]),
        ("show-user lain --property=Sessions", ["Sessions=1\n"]),
        ("show-seat seat0 --property=ActiveSession", ["ActiveSession=1\n"]),
    ],
)
def test_it_tells_what_is_so(booted: Boot, verb: str, expected: list[str]) -> None:
    text = says(booted, f"{LOGINCTL} --no-pager {verb}")
    assert [words for words in expected if words not in text] == [], text


def test_it_lists_as_json(booted: Boot) -> None:
    (session,) = json.loads(says(booted, f"{LOGINCTL} --json=short list-sessions"))
    assert (session["session"], session["uid"], session["seat"]) == ("1", 1000, "seat0")
    assert session["leader"] == compositor(booted)


@pytest.mark.parametrize("verb", ["activate", "activate 1", "flush-devices"])
def test_it_does_what_is_done_already(booted: Boot, verb: str) -> None:
    assert says(booted, f"{LOGINCTL} {verb}") == ""


@pytest.mark.parametrize(
    ("verb", "why"),
    [
        ("attach seat1 /sys/class/net/lo", "There is one seat, and all devices are its own"),
        ("enable-linger", "No manager runs for the user, so none can linger"),
        ("terminate-seat seat1", "No seat 'seat1' known"),
        ("session-status 2", "No session '2' known"),
        ("kill-session 2", "No session '2' known"),
    ],
)
def test_it_is_refused_with_the_reason(booted: Boot, verb: str, why: str) -> None:
    code, text = in_session(booted, f"{LOGINCTL} --no-pager {verb}")
    assert code == 1 and why in text


def test_locks_are_heard(booted: Boot) -> None:
    heard = behind(booted, "gdbus monitor --system --dest org.freedesktop.login1")
    writes(booted, heard, "is owned by")
    for verb in ("lock-session", "unlock-session 1", "lock-sessions", "unlock-sessions"):
        says(booted, f"{LOGINCTL} {verb}")
    until(lambda: locks(output(booted, heard)) == ["Lock", "Unlock"] * 2, 10, "both verbs' signals, in their order")
    ask(booted, "pkill", "--exact", "gdbus")


def locks(heard: str) -> list[str]:
    return re.findall(r"Session\.(\w*[Ll]ock) \(\)", heard)


@pytest.mark.parametrize(
    ("verb", "reached"),
    [
        ("kill-session 1 --signal=CONT", True),
        ("kill-session 1 --signal=CONT --kill-whom=leader", False),
        ("kill-user lain --signal=CONT", True),
    ],
)
def test_a_signal_reaches_the_session_and_nobody_else(booted: Boot, verb: str, reached: bool) -> None:
    wait = "trap 'echo signalled' CONT; echo ready; for _ in $(seq 600); do sleep 0.1; done"
    booted.path("opt/lab/wait").write_text(wait)
    inside = behind(booted, "sh /opt/lab/wait")
    outside = "/tmp/outside"
    ask(booted, "sh", "-c", f"sh /opt/lab/wait >{outside} 2>&1 &", user=USER)
    for file in (inside, outside):
        writes(booted, file, "ready")
    says(booted, f"{LOGINCTL} {verb}")
    if reached:
        writes(booted, inside, "signalled")
    says(booted, "sleep 0.3")  # as long as it takes a signal to be seen, and more
    ask(booted, "pkill", "--full", "^sh /opt/lab/wait")
    assert ("signalled" in output(booted, inside)) is reached
    assert "signalled" not in output(booted, outside)


def test_systemd_inhibit_keeps_others_from_suspending(booted: Boot) -> None:
    inhibit = f"{client('systemd-inhibit')} --what=sleep --who=lab --why=busy --mode=block sleep 1000"
    ask(booted, "sh", "-c", f"{inhibit} >/dev/null 2>&1 &")
    listing = f"{client('systemd-inhibit')} --list --no-legend --no-pager"
    seen(booted, "sh", "-c", f"{listing} | grep lab")
    code, text = in_session(booted, f"{client('busctl')} call {' '.join(LOGIN1)} Suspend b false")
    assert code == 1 and "inhibit" in text.lower()
    ask(booted, "pkill", "--exact", "systemd-inhibit")
    until(lambda: "lab" not in says(booted, listing).split(), 10, "the inhibitor is gone")


def test_busctl_sees_a_service_without_privileges(booted: Boot) -> None:
    text = says(booted, f"{client('busctl')} status {LOGIN1[0]}")
    status = dict(row.split("=", 1) for row in text.splitlines() if "=" in row)
    assert status["EUID"] == ask(booted, "id", "--user", "lainos")
    assert {status[f"{which}Capabilities"] for which in ("Effective", "Permitted", "Inheritable")} == {""}


def test_busctl_and_gdbus_find_their_way(booted: Boot) -> None:
    paths = says(booted, f"{client('busctl')} --list tree {LOGIN1[0]}").split()
    assert {SESSION[1], f"{LOGIN1[1]}/seat/seat0", f"{LOGIN1[1]}/user/_1000"} <= set(paths)
    for path in paths:
        assert "org.freedesktop.DBus.Peer" in says(booted, f"{client('busctl')} introspect {LOGIN1[0]} {path}")
        assert says(booted, f"gdbus introspect --system --dest {LOGIN1[0]} --object-path {path}").startswith("node ")
    says(booted, f"gdbus wait --system --timeout 5 {LOGIN1[0]}")
    say = f"gdbus call --system --dest {SESSION[0]} --object-path {SESSION[1]} --method {SESSION[2]}.SetIdleHint"
    assert says(booted, f"{say} false") == "()\n"


@pytest.mark.parametrize("verb", ["terminate-session 1", "terminate-user lain", "terminate-seat seat0"])
def test_terminating_ends_the_session_and_the_next_begins(booted: Boot, verb: str) -> None:
    sway = compositor(booted)
    behind(booted, f"{LOGINCTL} {verb}")
    until(lambda: not booted.path(f"proc/{sway}").exists(), 10, "sway has ended")
    ended(booted)
    log_in(booted)
    assert compositor(booted) != sway
