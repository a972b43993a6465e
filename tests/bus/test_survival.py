"""Inhibitors that are held while the bridge is started anew. Their holders run inside: the bridge has to see them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bus.client import wait_for
from tests.bus.machine import Machine
from tests.lab.private import LAIN

WHY = "läuft=noch\n"  # what a line of KEY=VALUE cannot hold as it is


def _stop(machine: Machine) -> None:
    assert machine.stop_bridge()[0] == 0


def _kill_broker(machine: Machine) -> None:
    machine.stop_bridge(signal.SIGKILL)


def _kill_facade(machine: Machine) -> None:
    os.kill(machine.pids()[1], signal.SIGKILL)
    machine.ended()


def _hold(machine: Machine, mode: str = "block") -> subprocess.Popen[str]:
    """Have a program inside hold a lock until it is told to end; it runs once the lock is held."""
    command = ["systemd-inhibit", "--what=sleep:shutdown", "--who=pacman", f"--why={WHY}", f"--mode={mode}"]
    holder = machine.private.start(
        [*command, "sh", "-c", "echo held; read line"], LAIN, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def _files(machine: Machine) -> list[str]:
    return [path.name for path in machine.path("/run/systemd/inhibit").iterdir()]


@pytest.mark.parametrize("end", [_stop, _kill_broker, _kill_facade])
def test_what_is_held_is_held_still(p7: Path, end: Callable[[Machine], None]) -> None:
    with Machine(p7) as machine:
        machine.start()
        holder, gone = _hold(machine), _hold(machine, "delay")
        wait_for(lambda: len(_files(machine)) == 2)
        with machine.client() as client:
            held = [row for row in client.call("ListInhibitors")[0] if row[3] == "block"]
            assert held[0][:5] == ("shutdown:sleep", "pacman", WHY, "block", LAIN)
        end(machine)
        gone.communicate("end\n", timeout=5)
        machine.start_bridge()
        assert len(_files(machine)) == 1, "of the other, which has ended meanwhile, there is nothing"
        machine.stop_bridge()
        machine.start_bridge()
        with machine.client() as client:
            assert client.call("ListInhibitors") == (held,)
            assert client.get("BlockInhibited") == "shutdown:sleep"
            client.listen(path="/org/freedesktop/login1")
            holder.communicate("end\n", timeout=5)
            assert client.changes(2)[1]["BlockInhibited"] == ""
        wait_for(lambda: _files(machine) == [])


def test_one_taken_after_a_restart_has_a_file_of_its_own(p7: Path) -> None:
    with Machine(p7) as machine:
        machine.start()
        holders = [_hold(machine) for _ in range(3)]
        wait_for(lambda: len(_files(machine)) == 3)
        holders.pop(1).communicate("end\n", timeout=5)
        wait_for(lambda: len(_files(machine)) == 2)
        for _ in range(2):
            machine.stop_bridge()
            machine.start_bridge()
            holders.append(_hold(machine))
            wait_for(lambda: len(_files(machine)) == len(holders))
        with machine.client() as client:
            assert client.get("NCurrentInhibitors") == 4


def test_with_a_full_run_they_hold_without_outliving_it(p7: Path) -> None:
    with Machine(p7) as machine:
        machine.start()
        machine.sh("cat /dev/zero >/run/full || true")
        holder = _hold(machine)
        with machine.client() as client:
            assert client.get("BlockInhibited") == "shutdown:sleep"
            assert _files(machine) == []
            holder.communicate("end\n", timeout=5)
            wait_for(lambda: client.get("BlockInhibited") == "")
            machine.sh("rm /run/full")
            _hold(machine)
            wait_for(lambda: len(_files(machine)) == 1)


def test_hundreds_that_end_at_once_leave_no_file(p7: Path) -> None:
    with Machine(p7) as machine, machine.start().client() as client:
        fds = [client.inhibit("sleep") for _ in range(500)]
        wait_for(lambda: len(_files(machine)) == 500)
        for fd in fds:
            os.close(fd)
        wait_for(lambda: _files(machine) == [])


@pytest.mark.parametrize(
    "change",
    [{"UID": str(1 << 32)}, {"PID": "9" * 5000}, {"WHAT": "all"}, {"MODE": ""}, {"WHY": None}],
    ids=json.dumps,
)
def test_a_damaged_file_is_told_of_and_removed(p7: Path, change: dict[str, str | None]) -> None:
    values = {"PIPE": "1", "WHAT": "sleep", "WHO": "a", "WHY": "b", "MODE": "block", "UID": "0", "PID": "1", **change}
    text = "".join(f"{key}={value}\n" for key, value in values.items() if value is not None)
    with Machine(p7) as machine:
        machine.path("/run/systemd/inhibit/7").write_text(text)
        machine.start()
        assert _files(machine) == []
        assert "/run/systemd/inhibit/7 is damaged" in machine.stop_bridge()[1]


def test_a_pipe_that_the_bridge_did_not_make_is_left_alone(p7: Path) -> None:
    """A facade that was taken over could have had any noted, to read what goes through it after the restart."""
    with Machine(p7) as machine:
        machine.start()
        _hold(machine)
        wait_for(lambda: len(_files(machine)) == 1)
        machine.stop_bridge()
        (path,) = machine.path("/run/systemd/inhibit").iterdir()
        other = machine.private.start(["sh", "-c", "sleep 60 | cat"])
        wait_for(lambda: machine.run(["pgrep", "-x", "cat"]).stdout != "")
        pipe = machine.sh("readlink /proc/$(pgrep -x cat)/fd/0").strip()
        number = pipe.removeprefix("pipe:[").removesuffix("]")
        lines = path.read_text().splitlines()
        path.write_text("".join(f"{line}\n" for line in [f"PIPE={number}", *lines[1:]]))
        machine.start_bridge()
        with machine.client() as client:
            assert client.call("ListInhibitors") == ([],)
        assert _files(machine) == []
        assert other.poll() is None
