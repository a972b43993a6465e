"""Power off, sleep and their like, up to the program that the broker runs for it; announced, delayed, refused."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bus.client import (
    PATH,
    Client,
    Error,
    wait_for,
)
from tests.bus.machine import Machine
from tests.bus.powered import DELAY_SECONDS, TOML, done

BLOCKED = "org.freedesktop.login1.BlockedByInhibitorLock"
IN_PROGRESS = "org.freedesktop.login1.OperationInProgress"
NOT_SUPPORTED = "org.freedesktop.DBus.Error.NotSupported"
DENIED = "org.freedesktop.DBus.Error.AccessDenied"
INVALID = "org.freedesktop.DBus.Error.InvalidArgs"
SKIP_INHIBITORS, ROOT_CHECK_INHIBITORS = 16, 1


@pytest.fixture
def admin(power: Machine) -> Iterator[Client]:
    with power.client(0) as client:
        yield client


def test_suspend_is_announced_done_and_over(power: Machine, client: Client) -> None:
    client.call("Suspend", "b", False)
    assert client.signal("PrepareForSleep").body == (True,)
    assert client.get("PreparingForSleep") is True
    with pytest.raises(Error) as refused:
        client.call("PowerOff", "b", False)
    assert refused.value.name == IN_PROGRESS
    with pytest.raises(Error) as refused:
        client.inhibit("sleep", mode="delay")
    assert refused.value.name == IN_PROGRESS
    os.close(client.inhibit("idle"))
    assert client.signal("PrepareForSleep").body == (False,)
    assert client.get("PreparingForSleep") is False
    assert done(power) == ["suspend"]


def test_a_delay_inhibitor_is_waited_for(power: Machine, client: Client) -> None:
    fd = client.inhibit("sleep", mode="delay")
    start = time.monotonic()
    client.call("SuspendWithFlags", "t", 0)
    assert time.monotonic() - start < DELAY_SECONDS / 2, "the caller need not wait"
    assert client.signal("PrepareForSleep").body == (True,)
    time.sleep(0.3)
    assert done(power) == []
    os.close(fd)
    assert client.signal("PrepareForSleep").body == (False,)
    assert done(power) == ["suspend"]


def test_but_not_for_ever(power: Machine, client: Client) -> None:
    fd, start = client.inhibit("sleep", mode="delay"), time.monotonic()
    client.call("Suspend", "b", False)
    assert client.signal("PrepareForSleep").body == (True,)
    assert client.signal("PrepareForSleep").body == (False,)
    assert DELAY_SECONDS <= time.monotonic() - start < DELAY_SECONDS + 3
    assert done(power) == ["suspend"]
    os.close(fd)


def test_a_delay_inhibitor_of_shutdown_does_not_hold_sleep_up(power: Machine, client: Client) -> None:
    fd, start = client.inhibit("shutdown", mode="delay"), time.monotonic()
    client.call("Suspend", "b", False)
    assert client.signal("PrepareForSleep").body == (True,)
    assert client.signal("PrepareForSleep").body == (False,)
    assert time.monotonic() - start < DELAY_SECONDS
    os.close(fd)


@pytest.mark.parametrize(
    ("mode", "taker", "caller", "flags", "can", "blocked"),
    [
        ("block", 1000, 1000, 0, "no", True),
        ("block", 1000, 0, 0, "no", True),
        ("block", 0, 1000, SKIP_INHIBITORS, "no", False),
        ("block-weak", 1000, 1000, 0, "yes", False),
        ("block-weak", 1000, 0, 0, "yes", False),
        ("block-weak", 1000, 0, ROOT_CHECK_INHIBITORS, "yes", True),
        ("block-weak", 0, 1000, 0, "no", True),
        ("block-weak", 0, 1000, SKIP_INHIBITORS, "no", False),
        ("delay", 0, 1000, SKIP_INHIBITORS, "yes", False),
    ],
)
def test_who_is_blocked_by_what(
    power: Machine, client: Client, mode: str, taker: int, caller: int, flags: int, can: str, blocked: bool
) -> None:
    with power.client(taker) as other, power.client(caller) as asking:
        fd = other.inhibit("sleep", mode=mode)
        try:
            assert asking.call("CanSuspend") == (can,)
            if blocked:
                with pytest.raises(Error) as refused:
                    asking.call("SuspendWithFlags", "t", flags)
                assert refused.value == Error(BLOCKED, "Operation denied due to active block inhibitor")
            else:
                asking.call("SuspendWithFlags", "t", flags)
                assert client.signal("PrepareForSleep").body == (True,)
                os.close(fd)
                assert client.signal("PrepareForSleep").body == (False,)
                fd = -1
        finally:
            if fd >= 0:
                os.close(fd)


def test_power_off_is_announced_with_its_kind(p7: Path) -> None:
    with Machine(p7, toml=TOML) as machine, machine.start().client() as client:
        client.listen(path=PATH)
        fds = [client.inhibit("shutdown", mode="delay"), client.inhibit("idle")]
        client.call("PowerOff", "b", False)
        assert client.signal("PrepareForShutdownWithMetadata").body == (True, {"type": ("s", "poweroff")})
        assert client.signal("PrepareForShutdown").body == (True,)
        assert client.get("PreparingForShutdown") is True
        assert client.get("PreparingForShutdownWithMetadata") == {"preparing": ("b", True), "type": ("s", "poweroff")}
        for fd in fds:
            os.close(fd)
        wait_for(lambda: client.get("NCurrentInhibitors") == 0 and done(machine) != [])
        assert done(machine) == ["poweroff"], "once"
        with pytest.raises(Error) as refused:
            client.call("Reboot", "b", False)
        assert refused.value.name == IN_PROGRESS


def test_what_fails_is_an_error_and_is_taken_back(client: Client) -> None:
    with pytest.raises(Error) as failed:
        client.call("Reboot", "b", False)
    assert failed.value.name == "System.Error.EIO"
    for start in (True, False):
        assert client.signal("PrepareForShutdownWithMetadata").body == (start, {"type": ("s", "reboot")})
        assert client.signal("PrepareForShutdown").body == (start,)
    assert client.get("PreparingForShutdown") is False
    assert client.get("PreparingForShutdownWithMetadata") == {"preparing": ("b", False)}


def test_noop_answers_and_does_nothing(power: Machine, client: Client) -> None:
    assert client.call("CanHalt") == ("yes",)
    client.call("Halt", "b", False)
    with pytest.raises(TimeoutError):
        client.signal("PrepareForShutdown", 0.3)


def test_off_cannot_and_says_so(client: Client) -> None:
    for name in ("Hibernate", "HybridSleep", "SuspendThenHibernate"):
        assert client.call(f"Can{name}") == ("na",)
        with pytest.raises(Error) as refused:
            client.call(name, "b", False)
        assert refused.value.name == NOT_SUPPORTED


def test_sleep_takes_what_there_is(power: Machine, client: Client) -> None:
    assert client.get("SleepOperation") == ["suspend"]
    assert client.call("CanSleep") == ("yes",)
    client.call("Sleep", "t", 0)
    assert client.signal("PrepareForSleep").body == (True,)
    assert client.signal("PrepareForSleep").body == (False,)
    assert done(power) == ["suspend"]


@pytest.mark.parametrize("name", ["CanPowerOff", "CanReboot", "CanHalt", "CanSuspend", "CanSleep"])
def test_can(power: Machine, client: Client, name: str) -> None:
    assert client.call(name) == ("yes",)
    with power.client(1001) as stranger:
        assert stranger.call(name) == ("no",)


@pytest.mark.parametrize("name", ["PowerOff", "Reboot", "Halt", "Suspend", "PowerOffWithFlags", "Sleep"])
def test_a_stranger_may_not(power: Machine, client: Client, name: str) -> None:
    signature = "t" if name.endswith(("Flags", "Sleep")) else "b"
    with power.client(1001) as stranger, pytest.raises(Error) as refused:
        stranger.call(name, signature, 0)
    assert refused.value.name == DENIED
    assert done(power) == []


@pytest.mark.parametrize(
    ("name", "flags"), [("PowerOff", 1 << 5), ("PowerOff", 2), ("Halt", 4), ("Reboot", 6), ("Suspend", 8)]
)
def test_flags_that_make_no_sense(client: Client, name: str, flags: int) -> None:
    with pytest.raises(Error) as refused:
        client.call(f"{name}WithFlags", "t", flags)
    assert refused.value.name == INVALID
