"""Where the two profiles differ, seen in a booted machine: docs/deviations.md, with a key."""

from __future__ import annotations

import pytest

from tests.lab.boot import Boot
from tests.lab.checks import login1_answers
from tests.lab.inside import LOGIN1, USER, client, compositor, environment
from tests.lab.run import PROFILES
from tests.lab.stage import Machine

desktop = pytest.mark.parametrize("booted", [Machine()], ids=["example"], indirect=True)
contract = pytest.mark.parametrize("booted", [Machine("zipapp", PROFILES["contract"])], ids=["contract"], indirect=True)


def call(boot: Boot, method: str, *arguments: str) -> tuple[int, str]:
    """Call a method of the Manager as the session's user."""
    login1_answers(boot)
    return boot.run([client("busctl"), "call", *LOGIN1, method, *arguments], USER)


@desktop
def test_the_example_makes_no_booted_marker_and_the_bus_answers_all_the_same(booted: Boot) -> None:
    assert not booted.path("run/systemd/system").exists()
    assert login1_answers(booted) == 'a(so) 1 "seat0" "/org/freedesktop/login1/seat/seat0"'


@desktop
def test_the_examples_session_has_no_notify_socket(booted: Boot) -> None:
    assert "NOTIFY_SOCKET" not in environment(booted, compositor(booted))


@desktop
def test_the_example_does_not_claim_to_suspend_what_cannot_be(booted: Boot) -> None:
    """/sys/power is read-only in the lab."""
    assert call(booted, "CanSuspend") == (0, 's "na"\n')
    code, output = call(booted, "Suspend", "b", "false")
    assert code != 0 and output


@contract
def test_contract_makes_the_booted_marker(booted: Boot) -> None:
    assert booted.path("run/systemd/system").is_dir()


@contract
def test_contracts_session_has_a_notify_socket(booted: Boot) -> None:
    assert environment(booted, compositor(booted))["NOTIFY_SOCKET"] == "/run/systemd/notify"


@contract
def test_contract_answers_suspend_and_does_nothing(booted: Boot) -> None:
    assert call(booted, "CanSuspend") == (0, 's "yes"\n')
    assert call(booted, "Suspend", "b", "false") == (0, "")


@contract
@pytest.mark.parametrize("method", ["Hibernate", "HybridSleep"])
def test_contract_does_not_hibernate(booted: Boot, method: str) -> None:
    assert call(booted, f"Can{method}") == (0, 's "na"\n')
    name, path, interface = LOGIN1
    asked = ["gdbus", "call", "--system", "--dest", name, "--object-path", path, "--method", f"{interface}.{method}"]
    code, output = booted.run([*asked, "false"], USER)
    assert code == 1 and "org.freedesktop.DBus.Error.NotSupported" in output
