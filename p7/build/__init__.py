"""What build.py does; left out of every artifact. It lives here because the project's top level is fixed."""

import argparse
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


def no_arguments(verb: str, text: str, args: list[str]) -> None:
    """Take --help and refuse anything else, for a verb that has no options."""
    argparse.ArgumentParser(prog=f"build.py {verb}", description=text).parse_args(args)


def output(name: str) -> str:
    """Where an artifact belongs, its folder made if missing. Exits with the reason if it cannot be written there."""
    try:
        os.makedirs(DIST, exist_ok=True)
    except OSError as error:
        sys.exit(f"build.py: {error.filename}: {error.strerror}")
    if not os.access(DIST, os.W_OK | os.X_OK):
        sys.exit(f"build.py: {DIST}: cannot be written")
    return os.path.join(DIST, name)


def is_packer() -> bool:
    """Whether this is the interpreter that packs: see pack()."""
    return "no_debug_ranges" in sys._xoptions


def pack(verb: str) -> int:
    """Do a verb of build.py with the Python that will run the zipapp; returns its exit status.

    Its bytecode and its library are what is to be packed. Columns in bytecode, a fifth of it, serve tracebacks only. A
    set among the constants is written in the order of its hashes, so those must be the same each time.
    """
    python = SYSTEM_PYTHON if os.path.exists(SYSTEM_PYTHON) else sys.executable
    command = [python, "-X", "no_debug_ranges", os.path.join(PROJECT, "build.py"), verb]
    return subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": "0"}, check=False).returncode
