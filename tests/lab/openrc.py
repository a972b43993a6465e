"""OpenRC of another Debian suite, as a layer to put over the tree: older and newer ones than the tree's own."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.lab.tree import cache, locked, mirror

APT = """\
Dir::State::lists "{work}/lists";
Dir::Cache "{work}/cache";
Dir::Etc::sourcelist "{work}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
APT::Sandbox::User "root";
"""
TOPS = ("bin", "sbin", "lib")
"""What older packages have beside usr/ and the tree has merged into it."""


def openrc(suite: str) -> Path:
    """The layer, downloaded once (250 kB, and a suite's package lists). CalledProcessError where apt cannot."""
    target = cache() / f"openrc-{suite}"
    with locked(target.with_suffix(".lock")):
        if not target.exists():
            with TemporaryDirectory(prefix="p7-openrc-") as work:
                unpack(download(suite, Path(work)), Path(work) / "layer")
                shutil.copytree(Path(work) / "layer", target.with_suffix(".partial"), symlinks=True)
            target.with_suffix(".partial").rename(target)
    return target


def download(suite: str, work: Path) -> list[Path]:
    """The suite's openrc and the libraries that it comes with, by an apt that knows no other suite."""
    for folder in ("lists/partial", "cache/archives/partial"):
        (work / folder).mkdir(parents=True)
    (work / "sources.list").write_text(f"deb {mirror()} {suite} main\n")
    (work / "apt.conf").write_text(APT.format(work=work))
    env = {**os.environ, "APT_CONFIG": str(work / "apt.conf")}
    subprocess.run(["apt-get", "-qq", "update"], env=env, check=True)
    depends = subprocess.run(["apt-cache", "depends", "openrc"], env=env, check=True, capture_output=True, text=True)
    names = [word for word in depends.stdout.split() if word.startswith(("librc", "libeinfo"))]
    subprocess.run(["apt-get", "-qq", "download", "openrc", *names], env=env, cwd=work, check=True)
    return sorted(work.glob("*.deb"))


def unpack(packages: list[Path], layer: Path) -> None:
    for package in packages:
        subprocess.run(["dpkg-deb", "-x", package, layer], check=True)
    for top in TOPS:
        if (layer / top).is_dir():
            shutil.copytree(layer / top, layer / "usr" / top, symlinks=True, dirs_exist_ok=True)
            shutil.rmtree(layer / top)
