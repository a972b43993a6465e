"""The artifacts that tests of behaviour run, each built once a session when the first test asks for it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from p7.build import PROJECT, sources
from tests.need import missing

SYSTEM_PYTHON = "/usr/bin/python3"
FORMS = ("zipapp", "static", "frozen")
_FILES = {"zipapp": "p7", "static": "p7-static", "frozen": "p7-frozen"}

# nohup has it ignored, and so would every program that a test starts.
signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="session")
def build() -> Iterator[Callable[[str], Path]]:
    """A function from a form to the path of its artifact; a form that cannot be built here ends the test."""
    # Not pytest's own folder, which is 0700: tests also run p7 as other users.
    dist = Path(tempfile.mkdtemp(prefix="p7-dist-"))
    dist.chmod(0o755)
    failures: dict[str, str] = {}

    def build(form: str) -> Path:
        path = dist / _FILES[form]
        if not path.exists() and form not in failures:
            failures[form] = _build(form, dist)
        if not path.exists():
            missing(f"p7-{form} cannot be built", failures[form])
        return path

    yield build
    shutil.rmtree(dist)


def _build(form: str, dist: Path) -> str:
    """Run build.py with the Python that the zipapp's shebang names; returns what it said last."""
    sources.libraries()  # by this Python, which has pip: the system's may not
    command = [SYSTEM_PYTHON, "build.py", form]
    env = {**os.environ, "P7_DIST": str(dist)}
    done = subprocess.run(command, cwd=PROJECT, env=env, capture_output=True, text=True, check=False)
    return (done.stderr.strip() or done.stdout.strip()).rpartition("\n")[2]


@pytest.fixture(scope="session")
def p7(build: Callable[[str], Path]) -> Path:
    """The zipapp."""
    return build("zipapp")


@pytest.fixture(scope="session", params=FORMS)
def artifact(request: pytest.FixtureRequest, build: Callable[[str], Path]) -> Path:
    """Every form in turn, for what must be the same in all of them."""
    return build(request.param)
