"""What a reader must know of a run: when, on what, with which versions."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import time
from pathlib import Path

from p7.build import PROJECT
from tests.bench.cases import PYTHON
from tests.lab import tree


def facts() -> dict[str, str]:
    """Lines of `what: value`; what cannot be found out is empty."""
    return {
        "command": "python3 build.py bench",
        "date": time.strftime("%Y-%m-%d"),
        "p7": _first(["git", "-C", PROJECT, "describe", "--always", "--dirty"]),
        "processor": f"{os.cpu_count()} of {_field('/proc/cpuinfo', 'model name')}",
        "memory": _field("/proc/meminfo", "MemTotal"),
        "kernel": platform.release(),
        "distribution": _field("/etc/os-release", "PRETTY_NAME", "=").strip('"'),
        "Python": _first([PYTHON, "--version"]),
        "dbus-daemon": _first(["dbus-daemon", "--version"]),
        "busybox": _first(["busybox"]),
        "python-dbusmock": _first(["dpkg-query", "--showformat=${Version}", "--show", "python3-dbusmock"]),
        "elogind": _elogind(),
    }


def _field(path: str, name: str, separator: str = ":") -> str:
    found = re.search(rf"^{name}\s*{separator}\s*(.*)$", Path(path).read_text(), re.MULTILINE)
    return found[1] if found else ""


def _first(command: list[str]) -> str:
    """The first line that a command prints."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.partition("\n")[0]


def _elogind() -> str:
    """The version of the unpacked package, which its private library is named after."""
    libraries = sorted((tree.cache() / f"elogind-{tree.SUITE}").rglob("libelogind-shared-*.so"))
    return f"{libraries[0].stem.rpartition('-')[2]}, of Debian {tree.SUITE}" if libraries else ""
