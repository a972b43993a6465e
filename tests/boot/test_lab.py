"""The lab itself: it boots, shows the inside truly, ends as asked and leaves nothing behind."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lab.boot import POWER_OFF, REBOOT, Boot
from tests.lab.stage import Machine


def test_pid_1_is_openrc_init(booted: Boot) -> None:
    assert booted.run(["ps", "-o", "args=", "-p", "1"]) == (0, "/sbin/openrc-init\n")


def test_pid_1_is_at_the_root_of_its_own_cgroup2(booted: Boot) -> None:
    assert "0::/\n" in booted.run(["cat", "/proc/1/cgroup"])[1]


def test_run_tells_status_output_and_time_out(booted: Boot) -> None:
    assert booted.run(["sh", "-c", "id -un; echo oops >&2; exit 3"], user="lain") == (3, "lain\noops\n")
    assert booted.run(["sleep", "9"], timeout=0.2)[0] == 124


@pytest.mark.parametrize("file", ["/proc/sys/kernel/hostname", "/sys/power/state", "/proc/sys/vm/swappiness"])
def test_the_machines_own_settings_are_out_of_reach(booted: Boot, file: str) -> None:
    if not Path(file).exists():
        pytest.skip(f"this kernel has no {file}")
    assert "Read-only file system" in booted.run(["sh", "-c", f"echo 1 >{file}"])[1]


@pytest.mark.parametrize(("command", "code"), [("poweroff", POWER_OFF), ("reboot", REBOOT)])
def test_it_ends_as_asked_and_leaves_nothing(layers: Callable[[Machine], list[Path]], command: str, code: int) -> None:
    with Boot(layers(Machine())) as boot:
        boot.wait_runlevel("default")
        assert boot.run([command])[0] == 0
        assert boot.wait_exit() == code
    assert not boot.work.exists()
    assert not boot.cgroup.exists()
    assert str(boot.work) not in Path("/proc/self/mounts").read_text()


def test_leaving_the_block_kills_everything(layers: Callable[[Machine], list[Path]]) -> None:
    with Boot(layers(Machine())) as boot:
        boot.wait_runlevel("default")
        pid1 = boot.pid1()
    with pytest.raises(ProcessLookupError):
        os.kill(pid1, 0)
