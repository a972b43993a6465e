"""build.py's own manners: what it says to a wrong command line and of a folder that cannot be written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from p7.build import PROJECT


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
