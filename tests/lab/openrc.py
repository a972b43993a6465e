"""OpenRC of another Debian suite, as a layer to put over the tree: older and newer ones than the tree's own."""

from __future__ import annotations

import subprocess
from functools import partial
from pathlib import Path

from tests.lab.packages import apt, unpacked
from tests.lab.tree import cache


def openrc(suite: str) -> Path:
    """The layer, downloaded once (250 kB, and a suite's package lists). CalledProcessError where apt cannot."""
    return unpacked(cache() / f"openrc-{suite}", partial(download, suite))


def download(suite: str, work: Path) -> list[Path]:
    """The suite's openrc and the libraries that it comes with, and nothing else of it."""
    env = apt(suite, work)
    depends = subprocess.run(["apt-cache", "depends", "openrc"], env=env, check=True, capture_output=True, text=True)
    names = [word for word in depends.stdout.split() if word.startswith(("librc", "libeinfo"))]
    subprocess.run(["apt-get", "-qq", "download", "openrc", *names], env=env, cwd=work, check=True)
    return sorted(work.glob("*.deb"))
