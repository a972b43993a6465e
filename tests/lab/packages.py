"""More of Debian, as layers to put over the tree: what some tests need, and the others should not pay for.

Packages are unpacked, not installed: no maintainer's script runs, nothing is enabled.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.lab.tree import CLIENTS, SUITE, cache, locked, mirror, tree

APT = """\
Dir::State::lists "{work}/lists";
Dir::State::status "{work}/status";
Dir::Cache "{work}/cache";
Dir::Etc::sourcelist "{work}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferencesparts "{tree}/etc/apt/preferences.d";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
APT::Install-Recommends "false";
APT::Sandbox::User "root";
"""
UNPINNED = "-oDir::Etc::PreferencesParts=/nonexistent"
"""For apt: without the tree's pins, which keep systemd out."""
TOPS = ("bin", "sbin", "lib")


def layer(*names: str, suite: str = SUITE) -> Path:
    """Packages and all they need beyond the tree, downloaded once. CalledProcessError where apt cannot."""
    return unpacked(cached(*names, suite=suite), partial(download, names, suite))


def whole(*names: str, suite: str) -> Path:
    """Packages of a suite that does not fit the tree's, and all they need but what a package need not say it needs."""
    return unpacked(cached("whole", *names, suite=suite), partial(download_whole, names, suite))


def cached(*names: str, suite: str = SUITE) -> Path:
    """Where a layer is, or will be."""
    digest = hashlib.sha256("\0".join([tree().name, *names]).encode()).hexdigest()[:12]
    return cache() / f"packages-{suite}-{digest}"


def clients(suite: str) -> Path:
    """systemd's client programs of another suite, where the tree has its own. They need its libsystemd-shared."""
    # Named as layer()'s are, so that both are downloaded together: a suite may move.
    return unpacked(cached("systemd", suite=suite), partial(download_systemd, suite), CLIENTS)


def unpacked(target: Path, download: Callable[[Path], Sequence[Path]], inside: Path = Path()) -> Path:
    """A layer's folder; the first caller fills it with the packages that `download` leaves in a work folder."""
    with locked(target.with_suffix(".lock")):
        if not target.exists():
            # Filled beside the target and renamed: a layer that has its name is whole.
            beside = target.with_suffix(".partial")
            shutil.rmtree(beside, ignore_errors=True)
            (beside / inside).mkdir(parents=True)
            with TemporaryDirectory(prefix="p7-packages-") as work:
                for package in download(Path(work)):
                    subprocess.run(["dpkg-deb", "-x", package, beside / inside], check=True)
            merge(beside)
            beside.rename(target)
    return target


def merge(layer: Path) -> None:
    """Put what older packages have beside usr/ where the tree has it."""
    for top in TOPS:
        if (layer / top).is_dir():
            shutil.copytree(layer / top, layer / "usr" / top, symlinks=True, dirs_exist_ok=True)
            shutil.rmtree(layer / top)


def download(names: Sequence[str], suite: str, work: Path) -> Sequence[Path]:
    command = ["apt-get", "-qq", "--yes", "--download-only", "install", *names]
    subprocess.run(command, env=apt(suite, work, tree() / "var/lib/dpkg/status"), check=True)
    return sorted(work.glob("cache/archives/*.deb"))


def download_whole(names: Sequence[str], suite: str, work: Path) -> Sequence[Path]:
    command = ["apt-get", "-qq", "--yes", UNPINNED, "--download-only", "install", *names]
    subprocess.run(command, env=apt(suite, work), check=True)
    return sorted(work.glob("cache/archives/*.deb"))


def download_systemd(suite: str, work: Path) -> Sequence[Path]:
    command = ["apt-get", "-qq", UNPINNED, "download", "systemd"]
    subprocess.run(command, env=apt(suite, work), cwd=work, check=True)
    return sorted(work.glob("*.deb"))


def apt(suite: str, work: Path, installed: Path = Path("/dev/null")) -> Mapping[str, str]:
    """The environment of an apt that knows one suite's packages, and of a dpkg's status file those installed."""
    for folder in ("lists/partial", "cache/archives/partial"):
        (work / folder).mkdir(parents=True)
    # A copy: apt locks the folder that a status file is in, and one tree may have several who download for it.
    (work / "status").write_bytes(installed.read_bytes())
    (work / "sources.list").write_text(f"deb {mirror()} {suite} main\n")
    (work / "apt.conf").write_text(APT.format(work=work, tree=tree()))
    environment = {**os.environ, "APT_CONFIG": str(work / "apt.conf")}
    subprocess.run(["apt-get", "-qq", "update"], env=environment, check=True)
    return environment
