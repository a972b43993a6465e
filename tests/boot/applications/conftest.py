"""The session under three compositors, one after the other: `place` is each in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.boot.applications.place import Place
from tests.boot.conftest import BROWSERS, DESKTOP, browsers_wanted, programs
from tests.lab.boot import Boot, until
from tests.lab.inside import RUNTIME_DIR, UID, USER, ask, swaymsg
from tests.lab.run import BOOTED
from tests.lab.session import choose, log_out, logged_in
from tests.lab.stage import Machine

TODO = f"{RUNTIME_DIR}/todo"


@pytest.fixture(scope="package")
def booted(layers: Callable[[Machine], list[Path]]) -> Iterator[Boot]:
    browsers = [programs(*BROWSERS)] if browsers_wanted() else []
    staged, debian = layers(Machine("zipapp", BOOTED))
    with Boot([staged, programs(*DESKTOP), *browsers, debian]) as boot:
        boot.wait_runlevel("default")
        ask(boot, "ip", "link", "set", "lo", "up")
        ask(boot, "glib-compile-schemas", "/usr/share/glib-2.0/schemas")  # as the packages' triggers do
        logged_in(boot)
        yield boot


@pytest.fixture(scope="package", params=["sway", "nested", "labwc"])
def place(request: pytest.FixtureRequest, booted: Boot) -> Iterator[Place]:
    with PLACES[request.param](booted) as place:
        sound = place.start("lainos-audio-init")  # xdg-desktop-portal-wlr leaves without PipeWire
        until(lambda: not sound.runs(), 10, "lainos-audio-init is done", sound.output)
        yield place


@contextmanager
def in_sway(boot: Boot) -> Iterator[Place]:
    yield Place(boot, "wayland-1", lambda command: swaymsg(boot, "exec", command))


@contextmanager
def in_nested_sway(boot: Boot) -> Iterator[Place]:
    """In a window of the session's sway, started as lainos-init's manual says."""
    with in_sway(boot) as outer:
        nested = outer.start("env -u WLR_BACKENDS sway")
        until(lambda: any("wlroots" in row for row in outer.windows()), 10, "it has a window", nested.output)
        speak = ["env", f"SWAYSOCK={RUNTIME_DIR}/sway-ipc.{UID}.{nested.pid}.sock", "swaymsg", "exec"]
        yield Place(boot, "wayland-2", lambda command: ask(boot, *speak, command, user=USER))
        nested.stop()


@contextmanager
def in_labwc(boot: Boot) -> Iterator[Place]:
    """It takes no commands as sway does: its autostart follows a file of them."""
    log_out(boot)
    autostart = boot.path(f"home/{USER}/.config/labwc/autostart")
    autostart.parent.mkdir(parents=True)
    autostart.write_text(f"touch {TODO}; tail -f {TODO} | sh\n")
    choose(boot, "labwc")
    todo = boot.path(TODO)
    until(todo.exists, 10, "labwc runs its autostart")
    with todo.open("a", buffering=1) as commands:
        yield Place(boot, "wayland-0", lambda command: commands.write(f"({command} &)\n"))


PLACES = {"sway": in_sway, "nested": in_nested_sway, "labwc": in_labwc}
