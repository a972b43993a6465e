"""Packages made by real makepkg, which refuses root, from a copy of the project that an ordinary user may read."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from p7.build import PROJECT, sources
from tests.need import need, need_root

USER = "nobody"
TOP = ("applets", "p7", "rc", "docs", "tests", "build.py", "pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE")
DOCUMENT = Path(PROJECT, "docs/packages.md")
MAKEPKG = "makepkg fakeroot"
Done = subprocess.CompletedProcess[str]


class Workshop:
    """A folder of the user's: `project` is the copy, `packages` what was made."""

    def __init__(self) -> None:
        need_root("makepkg is run as another user")
        for tool in ("makepkg", "fakeroot"):
            need(tool, MAKEPKG)
        need("bsdtar", "libarchive-tools")
        self.path = Path(tempfile.mkdtemp(prefix="p7-workshop-"))  # not in pytest's folders, which are 0700
        self.project = self.path / "project"
        self.packages = self.path / "packages"
        self.project.mkdir()
        for name in TOP:
            _copy(Path(PROJECT, name), self.project / name)
        wheels = self.path / ".cache/p7/wheels"
        wheels.mkdir(parents=True)
        for wheel in sources.wheels():
            shutil.copy(wheel, wheels)
        self.give(self.path)

    def close(self) -> None:
        shutil.rmtree(self.path)

    def give(self, path: Path) -> None:
        """Make everything below the user's own."""
        subprocess.run(["chown", "-R", f"{USER}:", path], check=True)

    def shell(self, script: str, folder: Path | None = None, **environment: str) -> Done:
        """A script run by the user in the project or another folder, with /usr/bin/python3 for its Python."""
        variables = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": self.path, "LC_ALL": "C.UTF-8", **environment}
        words = [f"{key}={value}" for key, value in variables.items()]
        command = ["runuser", "-u", USER, "--", "env", "-i", *words, "bash", "-euo", "pipefail", "-c", script]
        return subprocess.run(command, cwd=folder or self.project, capture_output=True, text=True, check=False)

    def make(self, folder: Path, *arguments: str, **environment: str) -> Path:
        """The package that a folder's PKGBUILD makes; AssertionError with what makepkg said if it makes none."""
        target = Path(tempfile.mkdtemp(dir=self.path))
        self.give(target)
        places = {"PKGDEST": str(target), "BUILDDIR": str(self.path / "build"), "PKGEXT": ".pkg.tar.zst"}
        command = " ".join(["makepkg --nodeps --force", *arguments])
        done = self.shell(command, folder, **places, **environment)
        assert done.returncode == 0, done.stdout + done.stderr
        (made,) = target.glob("*.pkg.tar.zst")
        return made

    def folder(self, name: str) -> Path:
        return self.project / "rc/packages" / name


def document_commands(kind: str) -> list[str]:
    """The blocks of commands in docs/packages.md whose fence says `kind`."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)


def listing(package: Path) -> list[str]:
    """The files and links that a package brings, without makepkg's own."""
    done = subprocess.run(["bsdtar", "-tf", package], capture_output=True, text=True, check=True)
    return sorted(path for path in done.stdout.splitlines() if not path.startswith(".") and not path.endswith("/"))


def read(package: Path, member: str) -> str:
    return subprocess.run(["bsdtar", "-xOf", package, member], capture_output=True, text=True, check=True).stdout


def info(package: Path) -> dict[str, list[str]]:
    """.PKGINFO, key to values."""
    found: dict[str, list[str]] = {}
    for line in read(package, ".PKGINFO").splitlines():
        key, equals, value = line.partition(" = ")
        if equals:
            found.setdefault(key, []).append(value)
    return found


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", ".*_cache"), symlinks=True)
    else:
        shutil.copy(source, target)
    for folder, _, names in os.walk(target):  # readable, whatever the umask of whoever cloned this
        for path in (folder, *(os.path.join(folder, name) for name in names)):
            if not os.path.islink(path):
                os.chmod(path, os.stat(path).st_mode | 0o444 | (0o111 if os.path.isdir(path) else 0))
