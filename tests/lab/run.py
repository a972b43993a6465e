"""`build.py boot`: boot the Debian tree with p7 in it and show, as a table, what is true there."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.lab.boot import Boot, cgroup2
from tests.lab.checks import CHECKS, ENDINGS
from tests.lab.stage import FORMS, Machine, stage
from tests.lab.tree import tree

BOOTED = "[ghosts]\nbooted = true\n"
"""The real loginctl asks nobody until the booted marker is there."""
PROFILES = {"desktop": BOOTED, "contract": 'profile = "contract"\n'}
"""A p7.toml for each; contract makes the marker by itself."""
TOOLS = {"mmdebstrap": "mmdebstrap", "unshare": "util-linux", "mount": "mount"}
"""What the lab runs, and the package it is in."""


def main(argv: list[str]) -> int:
    """0 when every check held; 1 otherwise, each failure named."""
    options = parse(argv)
    if problem := obstacle():
        print(f"build.py boot: {'; '.join(problem)}", file=sys.stderr)
        return 1
    with TemporaryDirectory(prefix="p7-layer-") as work:
        try:
            layers = [stage(Path(work) / "layer", Machine(options.form, PROFILES[options.profile])), tree()]
        except subprocess.CalledProcessError as error:
            print(f"build.py boot: {error}", file=sys.stderr)
            return 1
        with Boot(layers) as boot:
            return show(boot, options.keep)


def obstacle() -> tuple[str, str] | None:
    """What keeps the lab from working on this machine, and the remedy; None if nothing does."""
    for tool, package in TOOLS.items():
        if not shutil.which(tool):
            return f"{tool} is not here", f"apt-get install -y --no-install-recommends {package}"
    try:
        cgroup2()
    except LookupError as error:
        return str(error), "mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified"
    if os.geteuid() != 0:
        return "needs root: mounts, namespaces and cgroups are root's", "run it as root"
    return None


def parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="build.py boot", description=__doc__)
    for form in FORMS:
        parser.add_argument(f"--{form}", dest="form", action="store_const", const=form, default="zipapp")
    parser.add_argument("--profile", choices=PROFILES, default="desktop")
    parser.add_argument("--keep", action="store_true", help="a shell inside before the machine is powered off")
    return parser.parse_args(argv)


def show(boot: Boot, keep: bool) -> int:
    failed = [name for name, check in CHECKS.items() if not holds(name, check, boot)]
    if keep:
        print("A shell inside; leaving it powers the machine off.")
        subprocess.run(boot.command(["bash", "-l"]), check=False)
    failed += [name for name, check in ENDINGS.items() if not holds(name, check, boot)]
    if failed:
        tell_logs(boot)
    print(f"{len(failed)} of {len(CHECKS) + len(ENDINGS)} failed: {', '.join(failed)}" if failed else "all true")
    return 1 if failed else 0


def holds(name: str, check: Callable[[Boot], str], boot: Boot) -> bool:
    """Run one check and print its row."""
    try:
        print(f"  ok    {name:36} {check(boot)}", flush=True)
    except (AssertionError, OSError, ValueError, subprocess.TimeoutExpired) as error:
        print(f"  FAIL  {name:36} {error}", flush=True)
        return False
    return True


def tell_logs(boot: Boot) -> None:
    """The end of what each service wrote, for they go with the machine."""
    for file in sorted(boot.log.iterdir()):
        lines = file.read_text(errors="replace").splitlines() if file.is_file() else []
        if lines:
            print(f"{file.name}:", *lines[-20:], sep="\n  ")
