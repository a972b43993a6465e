"""The desktop whose boot is measured: what its runlevels name has a script, and the shell takes it."""

from __future__ import annotations

import subprocess

import pytest

from tests.bench import desktop
from tests.lab import stage

SCRIPTS = sorted((desktop.RC / "etc/init.d").iterdir())


def test_every_service_has_a_script():
    staged = {path.name for path in (stage.RC / "etc/init.d").iterdir()} | {"dbus"}
    of_debian = {"cgroups"}
    enabled = {service for services in desktop.RUNLEVELS.values() for service in services}
    own = {path.name for path in SCRIPTS}
    assert enabled - own <= staged | of_debian
    assert own <= enabled


@pytest.mark.parametrize("script", [path for path in SCRIPTS if not path.is_symlink()], ids=lambda path: path.name)
def test_the_shell_takes_a_script(script):
    assert script.stat().st_mode & 0o111
    subprocess.run(["sh", "-n", script], check=True)
