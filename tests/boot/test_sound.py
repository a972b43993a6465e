"""Sound without a line of the person's own: in Openbox by the autostart entry (sway's is in tests.lab.checks)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.boot.conftest import programs
from tests.lab.boot import Boot
from tests.lab.inside import RUNTIME_DIR, SCOPE, USER, belongs, seen
from tests.lab.run import BOOTED
from tests.lab.stage import Machine

LOGIN = f"""\
[terminal]
vt = "none"
[default_session]
command = "sleep infinity"
user = "_greetd"
[initial_session]
command = "env P7_SESSION_TYPE=x11 lainos-init"
user = "{USER}"
"""


@pytest.fixture(scope="module")
def booted(layers: Callable[[Machine], list[Path]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Boot]:
    """Openbox on Xvfb in Xorg's place, and PyXDG, which Openbox needs for autostart entries."""
    files = tmp_path_factory.mktemp("x11")
    for path in ("etc/greetd", "usr/local/bin"):
        (files / path).mkdir(parents=True)
    files.chmod(0o755)
    (files / "etc/greetd/config.toml").write_text(LOGIN)
    (files / "usr/local/bin/X").symlink_to("/usr/bin/Xvfb")
    with Boot([files, programs("python3-xdg"), *layers(Machine("zipapp", BOOTED))]) as boot:
        boot.wait_runlevel("default")
        yield boot


def test_openbox_starts_it(booted: Boot) -> None:
    for name in ("openbox", "pipewire", "wireplumber"):
        pid = seen(booted, "pgrep", "--exact", name, timeout=30)
        belongs(booted, pid, SCOPE if name == "openbox" else f"{SCOPE}/services")
    pulse = ["env", f"PULSE_SERVER=unix:{RUNTIME_DIR}/pulse/native", f"XDG_RUNTIME_DIR={RUNTIME_DIR}", "pactl", "info"]
    assert "Server Name: PulseAudio (on PipeWire" in seen(booted, *pulse, user=USER)
