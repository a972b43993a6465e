"""build.py's own manners: what it says to a wrong command line and of a folder that cannot be written."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from p7 import VERSION
from p7.build import PROJECT
from tests.need import need


def run(dist: Path, *args: str) -> tuple[int, str, str]:
    """Exit status, output and errors of a build into a folder."""
    command = [sys.executable, "build.py", *args]
    env = {**os.environ, "P7_DIST": str(dist)}
    done = subprocess.run(command, cwd=PROJECT, env=env, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def test_an_unknown_verb_is_named(tmp_path: Path) -> None:
    code, output, errors = run(tmp_path, "bogus")
    assert (code, output) == (2, "")
    assert errors.startswith("build.py: no such verb: bogus; there are: zipapp, ")


@pytest.mark.parametrize("verb", ["zipapp", "static", "frozen"])
def test_a_verb_without_options_has_help_and_refuses_arguments(verb: str, tmp_path: Path) -> None:
    code, output, _ = run(tmp_path, verb, "--help")
    assert (code, f"dist/p7{'' if verb == 'zipapp' else '-' + verb}: " in output) == (0, True)
    code, _, errors = run(tmp_path, verb, "bogus")
    assert (code, "unrecognized arguments: bogus" in errors) == (2, True)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    assert run(blocked / "dist", "zipapp") == (1, "", f"build.py: {blocked}/dist: Not a directory\n")


def test_a_build_says_of_which_commit_it_is_unless_it_is_a_release(tmp_path: Path) -> None:
    git = [need("git", "git"), "-C", str(tmp_path), "-c", "user.name=Lain", "-c", "user.email=lain@localhost"]
    for name in ("p7", "applets", "rc"):
        shutil.copytree(os.path.join(PROJECT, name), tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(os.path.join(PROJECT, "build.py"), tmp_path)  # where a link leads, Python would import from
    for name in ("pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE", "docs"):
        (tmp_path / name).symlink_to(os.path.join(PROJECT, name))

    def run(*command: str | Path) -> str:
        environment = {**os.environ, "P7_DIST": str(tmp_path / "dist"), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True, text=True)
        return done.stdout

    def told(*arguments: str) -> str:
        """The version after a command of git's."""
        run(*git, *arguments)
        return run(sys.executable, "-c", "from p7.build import version; print(version.current())").strip()

    assert told("init", "--quiet") == VERSION  # nothing to describe
    run(*git, "add", "applets", "p7", "rc")
    head, _, last = VERSION.rpartition(".")
    development = f"{head}.{int(last) + 1}.dev0+g"
    first = told("commit", "--quiet", "--message=One")
    assert first == development + run(*git, "rev-parse", "HEAD")[:12]
    (tmp_path / "rc/etc/init.d/lainos-notifyd").write_text("")
    assert told("status") == f"{first}.dirty"
    run(sys.executable, "build.py")
    assert run(tmp_path / "dist/p7", "--version") == f"p7 {first}.dirty\n"
    second = told("commit", "--quiet", "--all", "--message=Two")
    assert second.startswith(development) and second != first
    assert told("tag", f"v{VERSION}") == VERSION
    run(sys.executable, "build.py", "install", "--destdir", "root")  # which does not take what was built before
    assert run(tmp_path / "root/usr/bin/p7", "--version") == f"p7 {VERSION}\n"
    run(*git, "commit", "--quiet", "--allow-empty", "--message=Three")
    shutil.move(tmp_path / ".git", tmp_path.parent / ".git")  # as a tarball that is unpacked in somebody's repository
    assert run(sys.executable, "-c", "from p7.build import version; print(version.current())").strip() == VERSION
