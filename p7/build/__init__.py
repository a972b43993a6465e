"""What build.py does; left out of every artifact. It lives here because the project's top level is fixed."""

import os
import subprocess
import sys

PROJECT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DIST = os.environ.get("P7_DIST") or os.path.join(PROJECT, "dist")
SYSTEM_PYTHON = "/usr/bin/python3"


def cache(*parts: str) -> str:
    """A folder below the user's cache, made if missing (XDG basedir-spec)."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    path = os.path.join(base, "p7", *parts)
    os.makedirs(path, exist_ok=True)
    return path


def is_system_python() -> bool:
    """Whether this is the interpreter that will run the zipapp, whose bytecode and library are what is to be packed."""
    return not os.path.exists(SYSTEM_PYTHON) or os.path.realpath(sys.executable) == os.path.realpath(SYSTEM_PYTHON)


def by_system_python(verb: str) -> int:
    """Let that interpreter do a verb of build.py; returns its exit status."""
    return subprocess.run([SYSTEM_PYTHON, os.path.join(PROJECT, "build.py"), verb], check=False).returncode
