"""dracut in the lab: initramfs images for the tree, made and looked into as an installed system does it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.lab.packages import layer
from tests.lab.tree import CLIENTS, SUITE, tree

PACKAGES = ("dracut-core", "dracut-live", "dmsetup")
LIVE = ["--no-hostonly", "--add", "protocol7-live"]
"""How a live medium's image is asked for."""
INITRAMFS = Path(__file__).with_name("initramfs")
"""A layer that takes a boot through an initramfs: its lab/init goes before openrc-init."""

# The merged folders are the working directory of $script, which may chroot into it; $out is /out in there.
_MERGED = """
work=$1 lower=$2 out=$3 script=$4; shift 4
mount -t tmpfs -o mode=755 merged "$work"
mkdir "$work/upper" "$work/scratch" "$work/root"
mount -t overlay -o "lowerdir=$lower,upperdir=$work/upper,workdir=$work/scratch" merged "$work/root"
cd "$work/root"
mkdir out
mount --bind "$out" out
mount -t proc proc proc
mount --rbind /dev dev
mount -t tmpfs run run
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 sh -ec "$script" sh "$@"
"""


def merged(layers: Sequence[Path], out: Path, script: str, *arguments: str | Path) -> None:
    """Run a shell script as root in the merged layers, the uppermost first; what is to stay it puts into `out`."""
    with TemporaryDirectory(prefix="p7-merged-") as work:
        lower = ":".join(map(str, layers))
        command = ["unshare", "--mount", "sh", "-ec", _MERGED, "sh", work, lower, out, script, *arguments]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=sys.stderr)


def dracut_layers(machine: Path, suite: str = SUITE) -> list[Path]:
    """A machine with p7 as staged, with a suite's dracut."""
    return [machine, layer(*PACKAGES, suite=suite), tree()]


def unpacked_image(target: Path, layers: Sequence[Path]) -> Path:
    """A layer for Boot() that goes through the image that dracut makes for these layers, without a kernel's modules.

    They have all of systemd beside it, which dracut takes for the system's init if nothing tells it otherwise.
    """
    shutil.copytree(INITRAMFS, target)
    script = f"""
        chroot . cp -a --no-clobber /{CLIENTS}/. /
        chroot . dracut --force --no-kernel --no-compress "$@" /image
        chroot . lsinitrd /image >out/lab/listing
        mkdir out/lab/initramfs
        chroot . sh -ec 'cd /out/lab/initramfs; lsinitrd --unpack /image'
    """
    merged(layers, target, script, *LIVE)
    return target
