"""What p7 adds to a boot: how long each service took, by the marks that OpenRC leaves, and the time to `default`."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from p7.build import PROJECT
from tests.bench.bars import NAMESPACES, QEMU, TOGETHER, TOTAL, WITHOUT
from tests.lab.boot import Boot
from tests.lab.stage import Machine, stage
from tests.lab.tree import tree
from tests.lab.vm import Vm
from tests.lab.vm_image import Image, image, squash

SERVICES = ("cgroup-delegate", "lainos-ghost-units", "lainos-notifyd", "lainos-dbus-bridge", "lainos-net-init")
OTHER = "hostname"  # for comparison: its script runs a line of shell
_STARTED = "/run/openrc/started"  # a symlink for each service, made when its start is over

Times = dict[str, float]
"""Milliseconds of one boot: of OTHER, SERVICES, those TOGETHER; and TOTAL, from the kernel's or PID 1's start."""


def in_namespaces(boots: int) -> list[Times]:
    """Real openrc-init on this machine's kernel: so many boots with p7 and as many without."""
    with TemporaryDirectory(prefix="p7-bench-") as work:
        layer = stage(Path(work, "layer"), Machine())
        return _with_and_without(layer, boots, lambda: _namespace_boot(layer))


def in_qemu(boots: int) -> list[Times]:
    """A whole machine, whose processor is emulated, likewise."""
    with TemporaryDirectory(prefix="p7-bench-") as work:
        files = image(Path(work), Machine())
        layer = Path(work, "layer")

        def boot() -> Times:
            squash(layer, files.layer)
            return _virtual_boot(files)

        return _with_and_without(layer, boots, boot)


KINDS = {NAMESPACES: in_namespaces, QEMU: in_qemu}


def _with_and_without(layer: Path, boots: int, boot: Callable[[], Times]) -> list[Times]:
    _pack_for(tree(), layer)
    with_p7 = [boot() for _ in range(boots)]
    for link in layer.glob("etc/runlevels/*/*"):
        if link.name in SERVICES:
            link.unlink()
    return [times | {WITHOUT: boot()[TOTAL]} for times in with_p7]


def _pack_for(tree: Path, layer: Path) -> None:
    """Replace the zipapp by one that has bytecode of the tree's Python, as a package for it would."""
    library = tree / "usr/lib/x86_64-linux-gnu"
    python = [library / "ld-linux-x86-64.so.2", "--library-path", library, tree / "usr/bin/python3"]
    environment = {**os.environ, "PYTHONHOME": str(tree / "usr"), "P7_DIST": str(layer / "usr/bin")}
    command = [*python, "-X", "no_debug_ranges", "build.py", "zipapp"]
    subprocess.run(command, cwd=PROJECT, env=environment, check=True, stdout=sys.stderr)


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


def _virtual_boot(files: Image) -> Times:
    with Vm(files) as vm:
        vm.wait_runlevel("default")
        _, listing = vm.run(["find", _STARTED, "-type", "l", "-printf", "%f %T@\\n"])
        _, clocks = vm.run(["sh", "-c", "cat /proc/uptime; date +%s.%N"])
    marks = {name: float(when) for name, when in map(str.split, listing.splitlines())}
    up, _, now = map(float, clocks.split())
    return times(marks, now - up)


def times(marks: Mapping[str, float], began: float) -> Times:
    """From the seconds when each service's start was over: OpenRC starts one after the other."""
    found = {}
    before = began
    for name, when in sorted(marks.items(), key=lambda mark: mark[1]):
        found[name] = (when - before) * 1000
        before = when
    ours = {name: found[name] for name in SERVICES if name in found}
    return {OTHER: found[OTHER], **ours, TOGETHER: sum(ours.values()), TOTAL: (before - began) * 1000}
