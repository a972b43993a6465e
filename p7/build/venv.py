"""Virtual environments in the cache, for the tools of pyproject.toml's extras."""

import hashlib
import os
import subprocess
import sys

from p7.build import cache, sources


def python(extra: str) -> str:
    """The path of a Python that has an extra's requirements; made by pip at the first call, and when they change."""
    requirements: list[str] = sources.project()["optional-dependencies"][extra]
    key = hashlib.sha256("\0".join([sys.executable, sys.version, *requirements]).encode()).hexdigest()[:12]
    folder = os.path.join(cache(), f"venv-{extra}-{key}")
    interpreter = os.path.join(folder, "bin", "python")
    done = os.path.join(folder, "complete")
    if not os.path.exists(done):
        _run([sys.executable, "-m", "venv", "--clear", folder], "install Debian's python3-venv, or your system's like")
        _run([interpreter, "-m", "pip", "install", "--quiet", *requirements], "pip must reach a package index")
        with open(done, "w", encoding="ascii"):
            pass
    return interpreter


def _run(command: list[str], remedy: str) -> None:
    if subprocess.run(command, check=False).returncode != 0:
        sys.exit(f"build.py: '{' '.join(command)}' failed: {remedy}")
