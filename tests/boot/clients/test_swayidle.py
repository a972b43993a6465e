"""swayidle: what it hears of sleep and locks, what it tells of idleness; a whole sleep, but for the kernel's part."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.boot import Boot, until
from tests.lab.inside import LOGIN1, RUNTIME_DIR, ask, client, seen, shown, swaymsg
from tests.lab.session import behind, output, says

SUSPEND = f"{client('busctl')} call {' '.join(LOGIN1)} Suspend b false"
HOOK = """\
#!/bin/sh
date +%s.%N >"/run/hook-$1-$2"
"""


@pytest.fixture(scope="module")
def swayidle(booted: Boot) -> Iterator[str]:
    """Its log; each of its events makes a file of that name, before-sleep a while after it began."""
    mark = f"touch {RUNTIME_DIR}/"
    events = f"before-sleep 'sleep 0.5; {mark}before' after-resume '{mark}after'"
    events += f" lock '{mark}lock' unlock '{mark}unlock' idlehint 1"
    log = behind(booted, f"swayidle -w -d {events}")
    seen(booted, "sh", "-c", f"{client('systemd-inhibit')} --list | grep swayidle")
    yield log
    ask(booted, "pkill", "--exact", "swayidle")


@pytest.mark.parametrize("event", ["lock", "unlock"])
def test_it_hears_a_lock(booted: Boot, swayidle: str, event: str) -> None:
    says(booted, f"{client('loginctl')} {event}-session")
    until(booted.path(f"{RUNTIME_DIR}/{event}").exists, 10, f"{event} is heard", lambda: output(booted, swayidle))


def test_it_tells_that_nobody_is_there(booted: Boot, swayidle: str) -> None:
    until(lambda: shown(booted, "show-session", "1")["IdleHint"] == "yes", 10, "the session is idle")
    assert shown(booted, "show-user", "lain")["IdleHint"] == shown(booted, "show-seat", "seat0")["IdleHint"] == "yes"
    assert shown(booted, "show-session", "1")["IdleSinceHint"] != "0"
    swaymsg(booted, "seat", "-", "cursor", "move", "5", "5")
    until(lambda: shown(booted, "show-session", "1")["IdleHint"] == "no", 10, "who moves the pointer is there")


def test_it_holds_up_sleep_until_it_is_ready_and_hears_of_the_waking(booted: Boot, swayidle: str) -> None:
    hook = booted.path("etc/elogind/system-sleep/lab")
    hook.parent.mkdir(parents=True)
    hook.write_text(HOOK)
    hook.chmod(0o755)
    says(booted, SUSPEND)
    events = [
        f"{RUNTIME_DIR}/before",
        "/run/hook-pre-suspend",
        "/run/slept",
        "/run/hook-post-suspend",
        f"{RUNTIME_DIR}/after",
    ]
    until(booted.path(events[-1]).exists, 10, "after-resume", lambda: output(booted, swayidle))
    assert sorted(events, key=lambda event: modified(booted.path(event))) == events


def test_it_sleeps_a_second_time(booted: Boot, swayidle: str) -> None:
    first = modified(booted.path("run/slept"))
    after = modified(booted.path(f"{RUNTIME_DIR}/after"))
    seen(booted, "sh", "-c", f"{client('systemd-inhibit')} --list | grep swayidle")
    says(booted, SUSPEND)
    until(lambda: modified(booted.path(f"{RUNTIME_DIR}/after")) > after, 10, "after-resume, again")
    assert modified(booted.path("run/slept")) - first > 500_000_000


def modified(path: Path) -> int:
    return path.stat().st_mtime_ns
