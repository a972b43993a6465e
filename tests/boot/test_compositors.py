"""Other compositors than sway, chosen by name or path; and what a login does that finds none."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.boot.conftest import DESKTOP, programs
from tests.lab.boot import Boot, until
from tests.lab.inside import RUNTIME_DIR, USER, ask, environment, seen, shown
from tests.lab.run import BOOTED
from tests.lab.session import choose, log_out, logged_in
from tests.lab.stage import Machine

AUTOLOGIN = f"""\
[terminal]
vt = "none"
[default_session]
command = "lainos-init"
user = "{USER}"
"""


@pytest.fixture(scope="module")
def booted(layers: Callable[[Machine], list[Path]]) -> Iterator[Boot]:
    with Boot([programs(*DESKTOP), *layers(Machine("zipapp", BOOTED))]) as boot:
        boot.wait_runlevel("default")
        logged_in(boot)
        yield boot


def leader(boot: Boot) -> str:
    pid = shown(boot, "show-session", "1")["Leader"]
    return boot.run(["ps", "-o", "comm=", "-p", pid])[1].strip()


def said(boot: Boot) -> list[str]:
    lines = boot.path("var/log/syslog").read_text().splitlines()
    return [line for line in lines if "lainos-init" in line and "nothing to start: tried nosuch in" in line]


@pytest.mark.parametrize("name", ["labwc", "/usr/bin/labwc"])
def test_labwc_by_name_and_by_path(booted: Boot, name: str) -> None:
    log_out(booted)
    choose(booted, name)
    until(lambda: leader(booted) == "labwc", 10, "labwc leads the session")
    session = shown(booted, "show-session", "1")
    assert (session["Type"], session["Desktop"]) == ("wayland", "labwc")
    pid = int(session["Leader"])
    assert environment(booted, pid)["XDG_CURRENT_DESKTOP"] == "labwc:wlroots"
    socket = booted.path(f"{RUNTIME_DIR[1:]}/wayland-0")  # it begins to count there
    until(socket.is_socket, 10, "labwc listens at wayland-0")


def test_what_labwcs_bus_starts_finds_labwc(booted: Boot) -> None:
    """Not wayland-1, which lainos-init had promised."""
    services = f"{RUNTIME_DIR}/dbus-1/services"
    ask(booted, "mkdir", "-p", services, user=USER)
    text = f"[D-BUS Service]\nName=lab.Env\nExec=/bin/sh -c 'env >{RUNTIME_DIR}/env; exit 1'\n"
    booted.path(f"{services}/lab.Env.service").write_text(text)
    bus = f"--bus=unix:path={RUNTIME_DIR}/bus"
    start = ["dbus-send", bus, "--print-reply", "--dest=lab.Env", "/", "lab.Env.X"]

    def told() -> bool:
        booted.run(start, USER)
        return "WAYLAND_DISPLAY=wayland-0\n" in booted.path(f"{RUNTIME_DIR}/env").read_text()

    until(told, 10, "it gets wayland-0")


def test_without_a_compositor_the_greeter_returns(booted: Boot) -> None:
    """It is said once, with what was tried; greetd's greeter, in the lab a sleep, is back."""
    log_out(booted)
    choose(booted, "nosuch")
    seen(booted, "pgrep", "--full", "--exact", "sleep infinity", timeout=20)
    assert len(said(booted)) == 1
    assert shown(booted, "show-session", "1")["Leader"] == "0"


def test_a_greeter_that_logs_in_by_itself_does_not_flood_the_log(booted: Boot) -> None:
    """greetd ends with its greeter, and supervise-daemon starts it anew, which gives up after ten quick ends."""
    booted.path("etc/greetd/config.toml").write_text(AUTOLOGIN)
    before = len(said(booted))
    ask(booted, "rc-service", "greetd", "restart")
    time.sleep(12)
    assert 2 <= len(said(booted)) - before <= 3
    assert "started" in ask(booted, "rc-service", "greetd", "status")
