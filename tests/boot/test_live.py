"""A live medium: greetd logs its user in to Openbox on X, and there Calamares is started as root through pkexec.

polkit's answer depends on p7's session: subject.active and subject.local are what libsystemd reads of it. The X server
is Xvfb, for there is no card.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.boot import Boot, until
from tests.lab.inside import RUNTIME_DIR, SCOPE, USER, ask, belongs, seen, shown
from tests.lab.installer import RC
from tests.lab.packages import layer
from tests.lab.run import BOOTED
from tests.lab.stage import Machine, stage
from tests.need import missing

FILES = {
    "greetd-live.toml": "etc/greetd/config.toml",
    "49-calamares-live.rules": "etc/polkit-1/rules.d/49-calamares-live.rules",
    "openbox-autostart": "etc/xdg/openbox/autostart",
}
"""What rc/calamares has for a live medium, and where that has it."""

LAB = {"vt = 1": 'vt = "none"', '"live"': f'"{USER}"', '"greeter"': '"_greetd"'}
"""What is otherwise in a lab without terminals, with this user and Debian's greetd."""

SETTINGS = "---\nmodules-search: [ local ]\nsequence:\n- show:\n  - finished\nbranding: default\n"
DISPLAY = ["env", "DISPLAY=:0", f"XAUTHORITY={RUNTIME_DIR}/Xauthority"]
VERSION = ["pkexec", "/usr/bin/calamares", "--version"]


@pytest.fixture(scope="module")
def booted(debian: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Boot]:
    try:
        calamares = layer("calamares")
    except subprocess.CalledProcessError as error:
        missing(f"no calamares: {error}", "apt must reach its mirror")
    staged = stage(tmp_path_factory.mktemp("live") / "layer", Machine("zipapp", BOOTED))
    texts = {place: (RC / name).read_text() for name, place in FILES.items()}
    for old, new in LAB.items():
        assert old in texts["etc/greetd/config.toml"]
        texts["etc/greetd/config.toml"] = texts["etc/greetd/config.toml"].replace(old, new)
    texts["etc/calamares/settings.conf"] = SETTINGS
    # A person opens a terminal and types this; its answer comes while the installer already runs.
    texts["etc/xdg/openbox/autostart"] += f"{{ {' '.join(VERSION)}; echo $?; }} >{RUNTIME_DIR}/asked 2>&1 &\n"
    for place, text in texts.items():
        (staged / place).parent.mkdir(parents=True, exist_ok=True)
        (staged / place).write_text(text)
    (staged / "usr/local/bin").mkdir(parents=True)
    (staged / "usr/local/bin/X").symlink_to("/usr/bin/Xvfb")
    with Boot([staged, calamares, debian]) as boot:
        boot.wait_runlevel("default")
        yield boot


def test_the_mediums_user_is_in_openbox_at_once(booted: Boot) -> None:
    managed = "xprop -root _NET_SUPPORTING_WM_CHECK | grep 'window id'"
    seen(booted, *DISPLAY, "sh", "-c", managed, user=USER, timeout=30)
    session = shown(booted, "show-session", "1")
    assert (session["Type"], session["Desktop"], session["Active"]) == ("x11", "openbox", "yes")


def test_polkit_lets_the_session_run_it(booted: Boot) -> None:
    asked = booted.path(f"{RUNTIME_DIR}/asked")
    until(lambda: asked.exists() and asked.read_text().endswith("\n0\n"), 20, "pkexec has run it", asked.read_text)
    assert "calamares 3.3" in asked.read_text()


def test_polkit_denies_it_outside_the_session(booted: Boot) -> None:
    """The same user, from a cgroup that is nobody's session."""
    code, text = booted.run(["sh", "-c", f"{' '.join(VERSION)}; exit $?"], USER)
    assert code == 127 and "Not authorized" in text


def test_calamares_has_its_window_and_is_roots_in_the_session(booted: Boot) -> None:
    seen(booted, *DISPLAY, "sh", "-c", 'xwininfo -root -tree | grep \'"calamares" "calamares"\'', user=USER, timeout=30)
    pid = ask(booted, "pgrep", "--exact", "calamares")
    assert ask(booted, "ps", "-o", "user=", "-p", pid) == "root"
    belongs(booted, pid, SCOPE)


def test_it_ends_with_the_session(booted: Boot) -> None:
    ask(booted, "pkill", "--exact", "xinit")
    until(lambda: shown(booted, "show-session", "1")["Leader"] == "0", 10, "the session has ended")
    assert booted.run(["pgrep", "--exact", "calamares"])[0] == 1
