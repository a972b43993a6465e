"""What p7 adds to a boot: the time to `default` with and without it, and each service's, by the marks OpenRC leaves."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Set
from pathlib import Path
from tempfile import TemporaryDirectory

from p7.build import PROJECT
from tests.bench import desktop
from tests.bench.bars import ADDED, DESKTOP, NAMESPACES, QEMU, TOGETHER, TOTAL, WITHOUT
from tests.lab.boot import Boot
from tests.lab.stage import RUNLEVELS, Machine, enable, stage
from tests.lab.tree import tree
from tests.lab.vm import COUNTED, Vm
from tests.lab.vm_image import Image, image, squash

RC = Path(__file__).with_name("rc")
"""What a boot that is measured has in place of the lab's."""
SERVICES = frozenset(os.listdir(Path(PROJECT, "rc/etc/init.d")))
AGENT = "lab-agent"
KERNEL = "the kernel"
_STARTED = "/run/openrc/started"  # a symlink for each service, made when its start is over
_PATIENCE_SEC = 900  # of ours; the machine's own time does not know how busy this one is

Times = dict[str, float]
"""Milliseconds of one boot: of each service, in their order; of p7's TOGETHER; and TOTAL."""


def in_namespaces(boots: int) -> list[Times]:
    """Real openrc-init on this machine's kernel: so many boots with p7 and as many without."""
    with TemporaryDirectory(prefix="p7-bench-") as work:
        layer = stage(Path(work, "layer"), Machine())
        shutil.copytree(RC, layer, dirs_exist_ok=True)
        return _with_and_without(layer, boots, lambda: _namespace_boot(layer))


def in_qemu(boots: int, furnish: Callable[[Path], None] = lambda layer: None) -> list[Times]:
    """A whole machine, whose clock counts instructions, likewise; `furnish` may add to its layer."""
    with TemporaryDirectory(prefix="p7-bench-") as work:
        files = image(Path(work), Machine(), RC)
        layer = Path(work, "layer")
        furnish(layer)
        enable(layer, "default", AGENT)

        def boot() -> Times:
            squash(layer, files.layer)
            enabled = {link.name for link in (layer / "etc/runlevels").glob("*/*")}
            return _virtual_boot(files, enabled - {AGENT})

        return _with_and_without(layer, boots, boot)


def of_a_desktop(boots: int) -> list[Times]:
    """The same machine, with what an OpenRC desktop starts besides."""
    return in_qemu(boots, lambda layer: desktop.furnish(layer, SERVICES))


KINDS = {NAMESPACES: in_namespaces, QEMU: in_qemu, DESKTOP: of_a_desktop}


def _with_and_without(layer: Path, boots: int, boot: Callable[[], Times]) -> list[Times]:
    _pack_for(tree(), layer)
    with_p7 = [boot() for _ in range(boots)]
    _uninstall(layer)
    without = [boot()[TOTAL] for _ in range(boots)]
    return [
        times | {WITHOUT: total, ADDED: times[TOTAL] - total} for times, total in zip(with_p7, without, strict=True)
    ]


def _pack_for(tree: Path, layer: Path) -> None:
    """Replace the zipapp by one that has bytecode of the tree's Python, as a package for it would."""
    library = tree / "usr/lib/x86_64-linux-gnu"
    python = [library / "ld-linux-x86-64.so.2", "--library-path", library, tree / "usr/bin/python3"]
    environment = {**os.environ, "PYTHONHOME": str(tree / "usr"), "P7_DIST": str(layer / "usr/bin")}
    command = [*python, "-X", "no_debug_ranges", "build.py", "zipapp"]
    subprocess.run(command, cwd=PROJECT, env=environment, check=True, stdout=sys.stderr)


def _uninstall(layer: Path) -> None:
    command = [sys.executable, "build.py", "uninstall", "--destdir", str(layer)]
    subprocess.run(command, cwd=PROJECT, check=True, stdout=sys.stderr)
    for runlevel in RUNLEVELS:
        for service in SERVICES:
            (layer / "etc/runlevels" / runlevel / service).unlink(missing_ok=True)


def _namespace_boot(layer: Path) -> Times:
    with Boot([layer, tree()]) as boot:
        boot.wait_runlevel("default")
        folder = boot.path(_STARTED)
        marks = {path.name: path.lstat().st_mtime for path in folder.iterdir()}
        return times(marks, _began(boot.pid1()))


def _began(pid: int) -> float:
    """When a process started, in seconds since the epoch, to a hundredth (proc(5), starttime)."""
    ticks = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + ticks / os.sysconf("SC_CLK_TCK")


def _virtual_boot(files: Image, enabled: Set[str]) -> Times:
    """AssertionError if a service failed: what is not there costs nothing, and what is tried again costs twice."""
    with Vm(files, COUNTED) as vm:
        vm.wait_runlevel("default", _PATIENCE_SEC)
        _, listing = vm.run(["find", _STARTED, "-type", "l", "-printf", "%f %T@\\n"], timeout=_PATIENCE_SEC)
        console = vm.console()
        _, clocks = vm.run(["sh", "-c", "cat /proc/uptime; date +%s.%N; cat /lab/took"], timeout=_PATIENCE_SEC)
    up, _, now, lab_began, lab_ended = map(float, clocks.split())
    marks = {name: float(when) for name, when in map(str.split, listing.splitlines()) if name != AGENT}
    assert not enabled - marks.keys(), f"not started: {sorted(enabled - marks.keys())}\n{console}"
    return times(*without_lab(marks, now - up, lab_began, lab_ended))


def without_lab(
    marks: Mapping[str, float], began: float, lab_began: float, lab_ended: float
) -> tuple[dict[str, float], float]:
    """Marks and beginning as if the lab's initramfs had taken no time; it says when it ran, in seconds of uptime.

    What it does has been done on an installed machine, whose own initramfs takes longer.
    """
    began += lab_ended - lab_began
    return {KERNEL: began + lab_began, **marks}, began


def times(marks: Mapping[str, float], began: float) -> Times:
    """From the seconds when each service's start was over: OpenRC starts one after the other."""
    found = {}
    before = began
    for name, when in sorted(marks.items(), key=lambda mark: mark[1]):
        found[name] = (when - before) * 1000
        before = when
    ours = sum(milliseconds for name, milliseconds in found.items() if name in SERVICES)
    return found | {TOGETHER: ours, TOTAL: (before - began) * 1000}
