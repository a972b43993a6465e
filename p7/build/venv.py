"""Virtual environments in the cache, for the tools that pyproject.toml names."""

import hashlib
import os
import subprocess
import sys

from p7.build import cache


def python(name: str, requirements: list[str]) -> str:
    """The path of a Python that has these requirements; made by pip at the first call, and whenever they change."""
    key = hashlib.sha256("\0".join([sys.executable, sys.version, *requirements]).encode()).hexdigest()[:12]
    folder = os.path.join(cache(), f"venv-{name}-{key}")
    interpreter = os.path.join(folder, "bin", "python")
    complete = os.path.join(folder, "complete")
    if not os.path.exists(complete):
        _run([sys.executable, "-m", "venv", "--clear", folder], "install Debian's python3-venv, or your system's like")
        _run([interpreter, "-m", "pip", "install", "--quiet", *requirements], "pip must reach a package index")
        with open(complete, "w", encoding="ascii"):
            pass
    return interpreter


def _run(command: list[str], remedy: str) -> None:
    # Standard output belongs to whoever called: pytest's summary is the last line there.
    if subprocess.run(command, stdout=sys.stderr, check=False).returncode != 0:
        sys.exit(f"build.py: '{' '.join(command)}' failed: {remedy}")
