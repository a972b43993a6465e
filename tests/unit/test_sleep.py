"""Sleep: what the kernel offers, what is written where, and the hooks around it."""

import pytest

from p7.broker import sleep
from p7.root import Root


@pytest.fixture
def kernel(tmp_path):
    power = tmp_path / "sys/power"
    power.mkdir(parents=True)
    (power / "state").write_text("freeze mem disk\n")
    (power / "disk").write_text("[platform] shutdown reboot suspend test_resume\n")
    (power / "resume").write_text("8:2\n")
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/swaps").write_text("Filename Type Size Used Priority\n/dev/sda2 partition 8388604 0 -2\n")
    return tmp_path


def test_what_the_kernel_offers(kernel):
    root = Root(str(kernel))
    possible = {action: sleep.is_possible(root, action) for action in ("suspend", "hibernate", "hybrid-sleep")}
    assert possible == {"suspend": True, "hibernate": True, "hybrid-sleep": True}
    assert not sleep.is_possible(root, "suspend-then-hibernate")  # no alarm clock to wake it
    (kernel / "sys/power/state").write_text("freeze\n")
    assert sleep.is_possible(root, "suspend")
    assert not sleep.is_possible(root, "hibernate")


@pytest.mark.parametrize(
    ("file", "text"),
    [("sys/power/resume", "0:0\n"), ("proc/swaps", "Filename\n"), ("proc/swaps", "Filename\n/dev/zram0 x\n")],
)
def test_no_hibernation_that_the_next_boot_would_not_find(kernel, file, text):
    (kernel / file).write_text(text)
    assert sleep.is_possible(Root(str(kernel)), "suspend")
    assert not any(sleep.is_possible(Root(str(kernel)), action) for action in ("hibernate", "hybrid-sleep"))


@pytest.mark.parametrize(
    ("action", "state", "disk"),
    [("suspend", "mem", None), ("hibernate", "disk", "platform"), ("hybrid-sleep", "disk", "suspend")],
)
def test_what_is_written(kernel, action, state, disk):
    """Plain files stand for the kernel's; a write leaves the rest of what was there."""
    before = (kernel / "sys/power/disk").read_text()
    assert sleep.run(Root(str(kernel)), action, []) == 0
    assert (kernel / "sys/power/state").read_text().startswith(state)
    now = (kernel / "sys/power/disk").read_text()
    assert now == before if disk is None else now.startswith(disk)


def test_hooks_run_before_and_after_by_name(kernel, tmp_path):
    for path in (
        "etc/elogind/system-sleep/20-b",
        "usr/lib/systemd/system-sleep/10-a",
        "lib/elogind/system-sleep/30-no",
    ):
        hook = tmp_path / path
        hook.parent.mkdir(parents=True)
        out = tmp_path / "out"
        hook.write_text(
            f'#!/bin/sh\necho "$SYSTEMD_SLEEP_ACTION {hook.name} $* $(cat {tmp_path}/sys/power/state)" >>{out}\n'
        )
        hook.chmod(0o644 if "no" in path else 0o755)
    assert sleep.run(Root(str(kernel)), "suspend", []) == 0
    lines = (tmp_path / "out").read_text().splitlines()
    assert [line.split()[:4] for line in lines] == [
        ["suspend", name, when, "suspend"] for when in ("pre", "post") for name in ("10-a", "20-b")
    ]
    assert lines[1].split()[4] == "freeze"
    assert lines[2].split()[4].startswith("mem")


def test_a_kernel_that_refuses_is_logged_and_the_hooks_run_all_the_same(tmp_path, capfd):
    assert sleep.run(Root(str(tmp_path)), "suspend", []) == 1
    assert "suspend: " in capfd.readouterr().err
