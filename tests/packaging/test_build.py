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
    for name in ("build.py", "pyproject.toml"):
        shutil.copy(os.path.join(PROJECT, name), tmp_path)
    for name in ("p7", "applets", "rc"):
        shutil.copytree(os.path.join(PROJECT, name), tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))

    def told(*arguments: str) -> str:
        if arguments:
            subprocess.run([*git, *arguments], check=True, capture_output=True)
        environment = {**os.environ, "P7_DIST": str(tmp_path / "dist"), "PYTHONDONTWRITEBYTECODE": "1"}
        subprocess.run([sys.executable, "build.py"], cwd=tmp_path, env=environment, check=True, capture_output=True)
        return subprocess.run([tmp_path / "dist/p7", "--version"], check=True, capture_output=True, text=True).stdout

    release = f"p7 {VERSION}\n"
    assert told("init", "--quiet") == release  # nothing to describe
    subprocess.run([*git, "add", "applets", "p7", "rc"], check=True)
    unreleased = told("commit", "--quiet", "--message=One")
    commit = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout
    head, _, last = VERSION.rpartition(".")
    assert unreleased == f"p7 {head}.{int(last) + 1}.dev0+g{commit[:12]}\n"
    assert told("tag", f"v{VERSION}") == release
    (tmp_path / "rc/etc/init.d/lainos-notifyd").write_text("")
    assert told() == unreleased.replace("\n", ".dirty\n")
    assert told("commit", "--quiet", "--all", "--message=Two").startswith(unreleased.partition("+")[0])
    shutil.rmtree(tmp_path / ".git")
    assert told() == release
