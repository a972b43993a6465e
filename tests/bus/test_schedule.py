"""A shutdown that is planned: published, called off, carried out when it is due; and the messages to terminals."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.bus.client import MANAGER, Client, Error, wait_for
from tests.bus.machine import Machine
from tests.bus.powered import TOML, done

INVALID = "org.freedesktop.DBus.Error.InvalidArgs"
INFINITY = (1 << 64) - 1


def test_a_planned_shutdown_comes_and_can_be_called_off(power: Machine, client: Client) -> None:
    nothing = ("", INFINITY)
    assert client.get("ScheduledShutdown") == nothing
    later = time.time_ns() // 1000 + 3600 * 1_000_000
    client.call("ScheduleShutdown", "st", "poweroff", later)
    assert client.changes() == (MANAGER, {"ScheduledShutdown": ("poweroff", later)})
    planned = power.path("/run/systemd/shutdown/scheduled").read_text().splitlines()
    assert {f"USEC={later}", "MODE=poweroff"} <= set(planned)
    assert client.call("CancelScheduledShutdown") == (True,)
    assert client.changes() == (MANAGER, {"ScheduledShutdown": nothing})
    assert not power.path("/run/systemd/shutdown/scheduled").exists()
    assert client.call("CancelScheduledShutdown") == (False,)
    assert done(power) == []


def test_a_planned_shutdown_is_done_when_its_time_has_come(power: Machine, client: Client) -> None:
    client.call("ScheduleShutdown", "st", "reboot", time.time_ns() // 1000 + 300_000)
    assert client.signal("PrepareForShutdown").body == (True,)
    assert client.signal("PrepareForShutdown").body == (False,), "this machine's reboot fails"
    assert client.get("ScheduledShutdown") == ("", INFINITY)
    assert not power.path("/run/systemd/shutdown/scheduled").exists()


def test_a_rehearsal_does_nothing(power: Machine, client: Client) -> None:
    client.call("ScheduleShutdown", "st", "dry-poweroff", 0)
    wait_for(lambda: client.get("ScheduledShutdown") == ("", INFINITY))
    assert done(power) == []
    with pytest.raises(TimeoutError):
        client.signal("PrepareForShutdown", 0.3)


def test_a_plan_outlives_the_bridge(p7: Path) -> None:
    later = time.time_ns() // 1000 + 3600 * 1_000_000
    with Machine(p7, toml=TOML) as machine:
        with machine.start().client() as client:
            client.call("ScheduleShutdown", "st", "halt", later)
        machine.stop_bridge()
        machine.start_bridge()
        with machine.client() as client:
            assert client.get("ScheduledShutdown") == ("halt", later)


@pytest.mark.parametrize("damage", ["MODE=suspend\nUSEC=1\n", "MODE=reboot\nUSEC=" + 5000 * "9", "\x00"])
def test_a_damaged_plan_is_dropped(p7: Path, damage: str) -> None:
    with Machine(p7, toml=TOML) as machine:
        machine.start_bus()
        plan = machine.path("/run/systemd/shutdown/scheduled")
        plan.write_text(damage)
        machine.start_bridge()
        with machine.client() as client:
            assert client.get("ScheduledShutdown") == ("", INFINITY)
        wait_for(lambda: not plan.exists())
        assert "/run/systemd/shutdown/scheduled is damaged: no shutdown is planned any more" in machine.stop_bridge()[1]


def test_wall_messages(p7: Path) -> None:
    with Machine(p7, toml=TOML) as machine, machine.start().client() as client:
        # In wall(1)'s place a program that writes down what it is to say: there is no terminal to read it from.
        machine.sh(
            'printf "#!/bin/sh\\ncat >>/run/said" >/run/wall; chmod 755 /run/wall; mount --bind /run/wall /usr/bin/wall'
        )
        client.call("ScheduleShutdown", "st", "poweroff", time.time_ns() // 1000 + 400_000_000)
        assert client.get("EnableWallMessages") is False
        client.call("SetWallMessage", "sb", "Mind the gap", True)
        assert (client.get("WallMessage"), client.get("EnableWallMessages")) == ("Mind the gap", True)
        said = machine.path("/run/said")

        def says(text: str) -> bool:
            return said.exists() and f"Mind the gap\n{text}" in said.read_text()

        client.call("ScheduleShutdown", "st", "poweroff", time.time_ns() // 1000 + 400_000_000)
        wait_for(lambda: says("The system will power off at "))
        client.call("CancelScheduledShutdown")
        wait_for(lambda: says("System shutdown has been cancelled\n"))
        client.call("PowerOff", "b", False)
        wait_for(lambda: says("The system will power off now!\n"))
        assert said.read_text().count("Mind the gap") == 3


def test_a_wall_message_has_a_limit(client: Client) -> None:
    with pytest.raises(Error) as refused:
        client.call("SetWallMessage", "sb", "x" * 2049, True)
    assert refused.value.name == INVALID
