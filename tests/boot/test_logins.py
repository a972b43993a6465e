"""A session ends and begins again: the fixed identity stays, nothing of the program that ran in it does."""

from __future__ import annotations

import difflib
import re

import pytest

from tests.lab.boot import Boot, until
from tests.lab.checks import audio_starts, in_scope, loginctl_shows
from tests.lab.inside import RUNTIME_DIR, SCOPE, ask, processes, seen, shown
from tests.lab.run import PROFILES
from tests.lab.session import log_in, log_out, logged_in
from tests.lab.stage import Machine

pytestmark = pytest.mark.parametrize("booted", [Machine("zipapp", PROFILES["desktop"])], ids=["desktop"], indirect=True)


def left(boot: Boot) -> list[str]:
    """What a login could leave: files with their modes and owners, cgroups, mounts, sockets, processes, descriptors."""
    find = ["find", "/run/systemd", "/run/lainos", RUNTIME_DIR, f"/sys/fs/cgroup{SCOPE}", "-type", "d,f,s,p"]
    found = ask(boot, *find, "-printf", "%p %M %u\n").splitlines()
    for number, pid in enumerate(processes(boot, "lainos-dbus-bridge")):
        found.append(f"process {number} has {len(list(boot.path(f'proc/{pid}/fd').iterdir()))} descriptors")
    found += ask(boot, "ps", "--no-headers", "-e", "-o", "user,comm").splitlines()
    found += ask(boot, "cat", "/proc/mounts").splitlines()
    # Type and path: the rest of proc_net_unix(5)'s line is an inode or a count.
    sockets = ask(boot, "sh", "-c", "awk 'NR > 1 {print $5, $6, $8}' /proc/net/unix")
    # A socket without a path ends in a blank, but for the last one, which ask() strips.
    found += [line.rstrip() for line in re.sub(r"greetd-\d+", "greetd-PID", sockets).splitlines()]
    return sorted(found)


def greeter_returned(boot: Boot) -> None:
    """The lab's greeter is a sleep."""
    seen(boot, "pgrep", "--full", "--exact", "sleep infinity")


def differences(before: list[str], now: list[str]) -> str:
    return "\n".join(difflib.unified_diff(before, now, lineterm="", n=0))


def test_after_the_logout_only_the_identity_is_left(booted: Boot) -> None:
    logged_in(booted)
    log_out(booted)
    session = shown(booted, "show-session", "1")
    assert (session["State"], session["Seat"], session["Type"]) == ("active", "seat0", "unspecified")
    services = f"cat $(find /sys/fs/cgroup{SCOPE}/services -name cgroup.procs)"
    until(lambda: booted.run(["sh", "-c", services]) == (0, ""), 10, "what p7 started for the session has ended")


def test_the_next_login_is_like_the_first(booted: Boot) -> None:
    log_in(booted)
    loginctl_shows(booted)
    in_scope(booted)


def test_ten_logins_leave_nothing_behind(booted: Boot) -> None:
    audio_starts(booted)
    log_out(booted)
    greeter_returned(booted)
    before = left(booted)
    for _ in range(10):
        log_in(booted)
        audio_starts(booted)
        log_out(booted)
    greeter_returned(booted)
    until(lambda: left(booted) == before, 10, "all is as before", lambda: differences(before, left(booted)))
    lines = (booted.log / "syslog").read_text(errors="replace").splitlines()
    assert [line for line in lines if "lainos-audio-init" in line] == []  # that the sound ended, too, is no news


@pytest.mark.parametrize("delay", ["0", "0.1", "0.2", "0.4"])
def test_a_logout_while_the_sound_starts_leaves_no_process(booted: Boot, delay: str) -> None:
    log_in(booted)
    ask(booted, "sleep", delay)
    log_out(booted)
    until(lambda: booted.run(["pgrep", "pipewire|wireplumber|lainos-audio-in"])[0] == 1, 4, "all of it has ended")
    ask(booted, "sleep", "0.5")
    assert booted.run(["pgrep", "--list-full", "pipewire|wireplumber|lainos-audio-in"]) == (1, "")
