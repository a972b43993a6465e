"""More of Debian, as layers to put over the tree: what some tests need, and the others should not pay for.

Packages are unpacked, not installed: no maintainer's script runs, nothing is enabled.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.lab.tree import SUITE, cache, locked, mirror, tree

APT = """\
Dir::State::lists "{work}/lists";
Dir::State::status "{tree}/var/lib/dpkg/status";
Dir::Cache "{work}/cache";
Dir::Etc::sourcelist "{work}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferencesparts "{tree}/etc/apt/preferences.d";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
APT::Install-Recommends "false";
APT::Sandbox::User "root";
"""
TOPS = ("bin", "sbin", "lib")
"""What older packages have beside usr/ and the tree has merged into it."""


def layer(*names: str, suite: str = SUITE) -> Path:
    """Packages and all they need beyond the tree, downloaded once. CalledProcessError where apt cannot."""
    target = cached(*names, suite=suite)
    with locked(target.with_suffix(".lock")):
        if not target.exists():
            with TemporaryDirectory(prefix="p7-packages-") as work:
                unpack(download(names, suite, Path(work)), Path(work) / "layer")
                finish(Path(work) / "layer", target)
    return target


def cached(*names: str, suite: str = SUITE) -> Path:
    """Where a layer is, or will be."""
    digest = hashlib.sha256("\0".join([tree().name, *names]).encode()).hexdigest()[:12]
    return cache() / f"packages-{suite}-{digest}"


def download(names: Sequence[str], suite: str, work: Path) -> list[Path]:
    environment = apt(suite, work)
    command = ["apt-get", "-qq", "--yes", "--download-only", "install", *names]
    subprocess.run(command, env=environment, check=True)
    return sorted(work.glob("cache/archives/*.deb"))


def apt(suite: str, work: Path) -> Mapping[str, str]:
    """The environment of an apt that knows one suite's packages, now, and takes the tree's for installed."""
    for folder in ("lists/partial", "cache/archives/partial"):
        (work / folder).mkdir(parents=True)
    (work / "sources.list").write_text(f"deb {mirror()} {suite} main\n")
    (work / "apt.conf").write_text(APT.format(work=work, tree=tree()))
    environment = {**os.environ, "APT_CONFIG": str(work / "apt.conf")}
    subprocess.run(["apt-get", "-qq", "update"], env=environment, check=True)
    return environment


def unpack(packages: Sequence[Path], layer: Path) -> None:
    for package in packages:
        subprocess.run(["dpkg-deb", "-x", package, layer], check=True)
    for top in TOPS:
        if (layer / top).is_dir():
            shutil.copytree(layer / top, layer / "usr" / top, symlinks=True, dirs_exist_ok=True)
            shutil.rmtree(layer / top)


def finish(layer: Path, target: Path) -> None:
    """Copy beside the target and rename: a layer that has its name is whole."""
    partial = target.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(layer, partial, symlinks=True)
    partial.rename(target)
