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


def is_packer() -> bool:
    """Whether this is the interpreter that packs: see pack()."""
    return "no_debug_ranges" in sys._xoptions


def pack(verb: str) -> int:
    """Do a verb of build.py with the Python that will run the zipapp; returns its exit status.

    Its bytecode and its library are what is to be packed. Columns in bytecode, a fifth of it, serve tracebacks only.
    """
    python = SYSTEM_PYTHON if os.path.exists(SYSTEM_PYTHON) else sys.executable
    command = [python, "-X", "no_debug_ranges", os.path.join(PROJECT, "build.py"), verb]
    return subprocess.run(command, check=False).returncode
