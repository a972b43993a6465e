"""The linters of pyproject.toml, and the length of files that style asks for, as tests."""

import subprocess
import sys
from pathlib import Path

import pytest

from p7.build import PROJECT

LONGEST_FILE = 300


@pytest.mark.parametrize("command", ["ruff check", "ruff format --check", "mypy"])
def test_a_linter_has_nothing_to_say(command):
    done = subprocess.run(
        [sys.executable, "-m", *command.split()], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_files_are_short():
    paths = [path for top in ("p7", "applets", "tests") for path in Path(PROJECT, top).rglob("*.py")]
    lengths = {str(path.relative_to(PROJECT)): len(path.read_text().splitlines()) for path in paths}
    assert len(lengths) > 30
    assert {path: length for path, length in lengths.items() if length > LONGEST_FILE} == {}
