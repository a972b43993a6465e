"""What a test needs of the machine: missing, the test is skipped with its remedy; under CI=true it fails."""

from __future__ import annotations

import os
import shutil
from typing import NoReturn


def missing(what: str, remedy: str) -> NoReturn:
    """End the test: skipped here, failed where CI=true, for CI installs all of .ci/apt-packages."""
    import pytest  # here: the lab also serves build.py's verbs, where there is none

    message = f"{what}; {remedy}"
    if os.environ.get("CI") == "true":
        pytest.fail(message, pytrace=False)
    pytest.skip(message)


def need(tool: str, package: str) -> str:
    """The path of a command, or missing() with the apt line that brings it."""
    path = shutil.which(tool)
    return path or missing(f"{tool} is not here", f"apt-get install -y --no-install-recommends {package}")


def need_root(why: str) -> None:
    """End the test with missing() unless its uid is 0."""
    if os.geteuid() != 0:
        missing(f"needs root: {why}", "run the tests as root")
