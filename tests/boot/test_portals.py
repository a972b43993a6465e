"""D-Bus activation in the booted session: portals start, with sway on a socket that was not promised to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.boot.conftest import DESKTOP, programs
from tests.lab.boot import Boot, until
from tests.lab.inside import RUNTIME_DIR, SCOPE, USER, belongs, client, compositor, environment, processes, seen
from tests.lab.run import BOOTED
from tests.lab.session import log_in, log_out, logged_in, says
from tests.lab.stage import Machine

PORTAL = ["org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop"]
BACKENDS = ("xdg-desktop-portal-gtk", "xdg-desktop-portal-wlr")
# Debian's sway tells the bus by itself; without this file it leaves that to p7.
SWAYS_OWN = "etc/sway/config.d/50-systemd-user.conf"


@pytest.fixture(scope="module")
def booted(layers: Callable[[Machine], list[Path]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Boot]:
    silent = tmp_path_factory.mktemp("sway")
    silent.chmod(0o755)
    (silent / SWAYS_OWN).parent.mkdir(parents=True)
    (silent / SWAYS_OWN).touch()
    with Boot([silent, programs(*DESKTOP), *layers(Machine("zipapp", BOOTED))]) as boot:
        boot.wait_runlevel("default")
        logged_in(boot)
        log_out(boot)
        boot.run(["glib-compile-schemas", "/usr/share/glib-2.0/schemas"])  # as the packages' triggers do
        boot.run(["sh", "-c", f"flock {RUNTIME_DIR}/wayland-1.lock sleep 1000 >/dev/null 2>&1 &"], USER)
        log_in(boot)
        says(boot, "lainos-audio-init")  # the wlr portal leaves without PipeWire
        yield boot


def call(boot: Boot, name: str, path: str, *arguments: str) -> str:
    bus = f"--address=unix:path={RUNTIME_DIR}/bus"
    return seen(boot, client("busctl"), bus, "call", name, path, *arguments, user=USER, timeout=30)


def test_sway_took_another_socket(booted: Boot) -> None:
    assert environment(booted, compositor(booted))["WAYLAND_DISPLAY"] == "wayland-1"
    assert booted.path(f"{RUNTIME_DIR[1:]}/wayland-2").is_socket()
    assert not booted.path(f"{RUNTIME_DIR[1:]}/wayland-1").exists()


def test_the_helper_is_gone(booted: Boot) -> None:
    until(lambda: processes(booted, "lainos-init") == [], 10, "no lainos-init is left")
    assert booted.run(["pgrep", "--parent", str(compositor(booted)), "--runstates", "Z"]) == (1, "")


def test_the_portal_starts_and_answers_a_settings_call(booted: Boot) -> None:
    settings = "org.freedesktop.portal.Settings"
    answer = call(booted, *PORTAL, settings, "ReadAll", "as", "1", "org.freedesktop.appearance")
    assert answer.startswith("a{sa{sv}}") and '"color-scheme"' in answer


@pytest.mark.parametrize("name", ["xdg-desktop-portal", *BACKENDS])
def test_who_was_activated_sees_the_session(booted: Boot, name: str) -> None:
    if name in BACKENDS:
        service = f"org.freedesktop.impl.portal.desktop.{name.rpartition('-')[2]}"
        call(booted, service, "/", "org.freedesktop.DBus.Peer", "Ping")
    pid = seen(booted, "pgrep", "--full", "--oldest", f"^/usr/libexec/{name}$")
    session = environment(booted, compositor(booted))
    wanted = {key: session[key] for key in ("XDG_CURRENT_DESKTOP", "XDG_RUNTIME_DIR", "XDG_SESSION_ID", "PATH")}
    found = environment(booted, int(pid))
    assert {key: found.get(key) for key in wanted} == wanted
    assert found["WAYLAND_DISPLAY"] == "wayland-2"
    belongs(booted, pid, f"{SCOPE}/services")


def test_the_wlr_portal_speaks_to_sway(booted: Boot) -> None:
    """It offers screen casts only where it reached a compositor; one that did not has ended."""
    sources = ["get-property", *PORTAL, "org.freedesktop.portal.ScreenCast", "AvailableSourceTypes"]
    bus = f"--address=unix:path={RUNTIME_DIR}/bus"
    assert seen(booted, client("busctl"), bus, *sources, user=USER) == "u 1"
