"""`build.py vm`: boot the tree with p7 in it in QEMU, use it as a person would, and show what is true there."""

from __future__ import annotations

import argparse
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.lab import vm_image, vm_wifi
from tests.lab.run import BOOTED
from tests.lab.stage import FORMS, Machine
from tests.lab.vm import Vm
from tests.lab.vm_checks import PLANNED, SESSION, SHORT
from tests.lab.vm_wifi import WIFI

SUITES = {
    vm_image.image: {"starts and ends": SHORT, "ends as planned": PLANNED, "a person's sessions": SESSION},
    vm_wifi.image: {"wireless": WIFI},
}
"""By what makes the machine's image: a title and its checks for each start of it."""


def main(argv: list[str]) -> int:
    """0 when every check held; 1 otherwise, each failure named."""
    parser = argparse.ArgumentParser(prog="build.py vm", description=__doc__)
    for form in FORMS:
        parser.add_argument(f"--{form}", dest="form", action="store_const", const=form, default="zipapp")
    machine = Machine(parser.parse_args(argv).form, BOOTED)
    count, failed = 0, []
    for image, suites in SUITES.items():
        with TemporaryDirectory(prefix="p7-layer-") as work:
            files = image(Path(work), machine)
            for title, checks in suites.items():
                print(f"{title}:", flush=True)
                count += len(checks)
                with Vm(files) as vm:
                    failed += show(vm, checks)
    print(f"{len(failed)} of {count} failed: {', '.join(failed)}" if failed else "all true")
    return 1 if failed else 0


def show(vm: Vm, checks: Mapping[str, Callable[[Vm], str]]) -> list[str]:
    """Run checks, print a row for each; the names of those that failed."""
    failed = []
    for name, check in checks.items():
        begun = time.monotonic()
        try:
            found = check(vm)
            print(f"  ok    {time.monotonic() - begun:4.0f} s  {name:30} {found}", flush=True)
        except (AssertionError, OSError, EOFError, ValueError, subprocess.SubprocessError) as error:
            print(f"  FAIL  {time.monotonic() - begun:4.0f} s  {name:30} {error}", flush=True)
            failed.append(name)
    if failed:
        print("console:", *vm.console().splitlines()[-20:], sep="\n  ")
    return failed
