"""Inhibitors: taken, listed, counted, and gone with the last copy of their descriptor."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bus.client import (
    MANAGER,
    Client,
    Error,
    wait_for,
)
from tests.bus.machine import Machine

RELEASE_SECONDS = 0.05 * 10  # the promise is 50 ms; a loaded machine gets ten times that
LIMITS_EXCEEDED = "org.freedesktop.DBus.Error.LimitsExceeded"
MAX = 8192


@pytest.fixture
def listener(machine: Machine) -> Iterator[Client]:
    """Another client, which hears the Manager's PropertiesChanged."""
    with machine.client() as client:
        client.listen(path="/org/freedesktop/login1")
        yield client


@pytest.mark.parametrize(
    ("what", "mode", "property", "value"),
    [
        ("shutdown", "block", "BlockInhibited", "shutdown"),
        ("idle:sleep", "block", "BlockInhibited", "sleep:idle"),
        ("sleep:sleep", "block-weak", "BlockWeakInhibited", "sleep"),
        ("sleep:shutdown", "delay", "DelayInhibited", "shutdown:sleep"),
        ("handle-lid-switch:handle-power-key", "block", "BlockInhibited", "handle-power-key:handle-lid-switch"),
    ],
)
def test_taken_and_released(lain: Client, listener: Client, what: str, mode: str, property: str, value: str) -> None:
    fd = lain.inhibit(what, "me", "a reason", mode)
    assert listener.changes() == (MANAGER, {"NCurrentInhibitors": 1, property: value})
    assert lain.call("ListInhibitors") == ([(value, "me", "a reason", mode, 1000, 0)],)
    assert lain.get(property) == value
    assert lain.get_all()[property] == ("s", value)
    os.close(fd)
    assert listener.changes(RELEASE_SECONDS) == (MANAGER, {"NCurrentInhibitors": 0, property: ""})
    assert lain.call("ListInhibitors") == ([],)


def test_a_second_of_the_same_kind_changes_only_the_count(lain: Client, listener: Client) -> None:
    fds = [lain.inhibit("sleep"), lain.inhibit("sleep")]
    assert listener.changes()[1] == {"NCurrentInhibitors": 1, "BlockInhibited": "sleep"}
    assert listener.changes()[1] == {"NCurrentInhibitors": 2}
    for fd in fds:
        os.close(fd)
    assert listener.changes()[1] == {"NCurrentInhibitors": 1}
    assert listener.changes()[1] == {"NCurrentInhibitors": 0, "BlockInhibited": ""}


def test_a_copy_keeps_it(lain: Client, listener: Client) -> None:
    fd = lain.inhibit("sleep")
    copy = os.dup(fd)
    os.close(fd)
    assert lain.get("BlockInhibited") == "sleep"
    lain.connection.close()  # the lock is the descriptor's, not the connection's
    listener.signals.clear()
    assert listener.get("BlockInhibited") == "sleep"
    os.close(copy)
    while listener.changes(RELEASE_SECONDS)[1].get("BlockInhibited") != "":
        pass


def test_nothing_written_to_the_descriptor_releases_it(lain: Client) -> None:
    fd = lain.inhibit("sleep")
    os.set_blocking(fd, False)
    with pytest.raises(BlockingIOError):
        while True:
            os.write(fd, bytes(4096))
    assert lain.get("NCurrentInhibitors") == 1
    os.close(fd)
    _wait_until_none(lain)


def test_idle_is_not_hinted_while_it_is_inhibited(lain: Client, listener: Client) -> None:
    session = {"path": "/org/freedesktop/login1/session/auto", "interface": "org.freedesktop.login1.Session"}
    lain.call("SetIdleHint", "b", True, **session)
    try:
        assert listener.changes()[1]["IdleHint"] is True
        fd = lain.inhibit("idle")
        assert listener.changes()[1] == {"NCurrentInhibitors": 1, "BlockInhibited": "idle", "IdleHint": False}
        os.close(fd)
        assert listener.changes()[1]["IdleHint"] is True
    finally:
        lain.call("SetIdleHint", "b", False, **session)


def test_a_crash_releases(machine: Machine, lain: Client, listener: Client) -> None:
    process = machine.private.start(["systemd-inhibit", "--what=sleep", "sleep", "60"], uid=1000)
    assert listener.changes()[1]["BlockInhibited"] == "sleep"
    ((_, _, _, _, _, pid),) = lain.call("ListInhibitors")[0]
    # The holder and its sleep, which has the descriptor too; pids of the namespace inside.
    machine.run(["sh", "-c", f"kill -9 {pid} $(cat /proc/{pid}/task/{pid}/children)"], uid=0)
    process.wait(5)
    assert listener.changes(RELEASE_SECONDS)[1]["BlockInhibited"] == ""


def test_a_thousand_leave_nothing_behind(machine: Machine, lain: Client) -> None:
    folder = Path(f"/proc/{machine.pids()[1]}/fd")
    before, longest = len(list(folder.iterdir())), 0.0
    for _ in range(1000):
        start = time.monotonic()
        os.close(lain.inhibit("sleep"))
        longest = max(longest, time.monotonic() - start)
    _wait_until_none(lain)
    assert len(list(folder.iterdir())) == before
    assert longest < 0.02 * 10


def test_the_limit(machine: Machine, lain: Client) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, MAX + 1000), max(hard, MAX + 1000)))
    assert lain.get("InhibitorsMax") == MAX
    fds = [lain.inhibit("sleep") for _ in range(MAX)]
    try:
        assert lain.get("NCurrentInhibitors") == MAX
        with pytest.raises(Error, match=r"Maximum number of inhibitors \(8192\) reached") as refused:
            lain.inhibit("sleep")
        assert refused.value.name == LIMITS_EXCEEDED
    finally:
        for fd in fds:
            os.close(fd)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    _wait_until_none(lain)
    os.close(lain.inhibit("sleep"))


def test_a_client_that_is_gone_before_the_answer_leaves_none(machine: Machine, lain: Client) -> None:
    for _ in range(20):
        with machine.client() as client:
            client.connection.send_message(client.message("Inhibit", "ssss", "sleep", "gone", "y", "block"))
    _wait_until_none(lain)


def _wait_until_none(client: Client) -> None:
    wait_for(lambda: client.get("NCurrentInhibitors") == 0)
