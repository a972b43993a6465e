"""What a virtual machine starts from: kernel, initramfs, the tree and a staged layer as file systems. All but the
layer's are cached, each under a name that changes with what it is made of."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.lab.stage import Machine, enable, stage
from tests.lab.tree import cache, locked, tree

INIT = Path(__file__).with_name("vm_init")
RC = Path(__file__).with_name("vm_rc")
"""What a machine with a kernel and screen of its own has in place of the namespace boot's stand-ins."""

KERNEL = "linux-image-amd64"
MODULES = """
    virtio_pci virtio_blk squashfs overlay virtio_gpu evdev bluetooth binfmt_misc
    mac80211_hwsim ccm ctr cmac ecb des_generic sha512_generic algif_hash algif_skcipher
""".split()
"""Kernel modules that the machine can load; with those that they depend on they are in the initramfs."""


@dataclass(frozen=True)
class Image:
    """The files that QEMU is given; it writes to none."""

    kernel: Path
    initramfs: Path
    tree: Path
    layer: Path

    def arguments(self) -> list[str]:
        """QEMU's, to boot from them."""
        drives = [f"file={path},if=virtio,format=raw,readonly=on" for path in (self.tree, self.layer)]
        return [
            *[word for drive in drives for word in ("-drive", drive)],
            *["-kernel", str(self.kernel), "-initrd", str(self.initramfs)],
            *["-append", "console=tty0 console=ttyS0 quiet panic=-1 no_console_suspend"],
        ]


def image(work: Path, machine: Machine, *more: Path) -> Image:
    """All of a machine's; its layer is made in a folder of the caller's, with the files of more folders in it."""
    base = tree()
    return Image(*boot_files(base), tree_image(base), layer_image(work, machine, more))


def kernel() -> Path:
    """The kernel's package, as apt had it for this machine's own release when it was first asked for."""

    def download(target: Path) -> None:
        subprocess.run(["apt-get", "-q", "update"], check=True, stdout=sys.stderr)
        depends = text(["apt-cache", "depends", "--important", KERNEL])
        name = next(line.split()[1] for line in depends.splitlines() if "Depends: linux-image" in line)
        with TemporaryDirectory(prefix="p7-kernel-") as work:
            subprocess.run(["apt-get", "-q", "download", name], cwd=work, check=True, stdout=sys.stderr)
            (package,) = Path(work).glob("*.deb")
            shutil.move(package, target)

    return cached(f"{KERNEL}.deb", [], download)


def boot_files(base: Path) -> tuple[Path, Path]:
    """The kernel's image and an initramfs for it, with busybox from the tree."""
    package = kernel()

    def unpack(target: Path) -> None:
        with TemporaryDirectory(prefix="p7-initramfs-") as work:
            unpacked, root = Path(work) / "kernel", Path(work) / "root"
            subprocess.run(["dpkg-deb", "-x", package, unpacked], check=True)
            (modules,) = unpacked.glob("lib/modules/*")
            busybox = base / "usr/bin/busybox"
            shutil.copytree(unpacked / "boot", target)
            fill(root, busybox, modules)
            archive(root, target / "initramfs")

    name = text(["dpkg-deb", "--field", str(package), "Package"]).strip()
    folder = cached(f"vm-{name}", [INIT.read_text(), *MODULES], unpack)
    (image,) = folder.glob("vmlinuz-*")
    return image, folder / "initramfs"


def fill(root: Path, busybox: Path, modules: Path) -> None:
    """The initramfs's files: busybox, init, and of a kernel's modules those that MODULES names or needs."""
    (root / "bin").mkdir(parents=True)
    shutil.copy(busybox, root / "bin/busybox")
    shutil.copy(INIT, root / "init")
    kept = root / "lib/modules" / modules.name
    depmod: list[str | Path] = [busybox, "depmod", "-b"]
    subprocess.run([*depmod, modules.parents[2], modules.name], check=True)
    for path in closure((modules / "modules.dep").read_text()):
        (kept / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(modules / path, kept / path)
    for listing in [*modules.glob("modules.builtin*"), modules / "modules.order"]:
        shutil.copy(listing, kept)
    subprocess.run([*depmod, root, modules.name], check=True)


def closure(modules_dep: str) -> list[str]:
    """The paths of MODULES and of what they need, by a modules.dep(5), which lists all dependencies, not only the
    nearest."""
    rows = dict(line.split(":", 1) for line in modules_dep.splitlines())
    names = {Path(path).name.partition(".")[0].replace("-", "_"): path for path in rows}
    wanted = [names[module] for module in MODULES]
    return sorted({path for row in wanted for path in (row, *rows[row].split())})


def archive(root: Path, target: Path) -> None:
    files = "\n".join(str(path.relative_to(root)) for path in sorted(root.rglob("*")))
    with target.open("wb") as image:
        command = ["cpio", "--quiet", "--create", "--format=newc", "--owner=+0:+0"]
        subprocess.run(command, cwd=root, input=files.encode(), stdout=image, check=True)


def tree_image(base: Path) -> Path:
    return cached(f"{base.name}.squashfs", [], lambda target: squash(base, target))


def layer_image(work: Path, machine: Machine, more: Iterable[Path]) -> Path:
    """A layer staged as for the namespace boot, then made that of a machine with devices, as a file system."""
    layer = stage(work / "layer", machine)
    for folder in (RC, *more):
        shutil.copytree(folder, layer, symlinks=True, dirs_exist_ok=True)
    enable(layer, "sysinit", "udev")
    squash(layer, work / "layer.squashfs")
    return work / "layer.squashfs"


def squash(folder: Path, target: Path) -> None:
    # lz4: an emulated processor unpacks it.
    options = ["-comp", "lz4", "-noappend", "-no-progress", "-quiet"]
    subprocess.run(["mksquashfs", folder, target, *options], check=True, stdout=sys.stderr)


def cached(name: str, recipe: Iterable[str], make: Callable[[Path], None]) -> Path:
    """A file or folder of the cache; the first who asks makes it, under another name until it is whole."""
    digest = hashlib.sha256("\0".join(recipe).encode()).hexdigest()[:12]
    target = cache() / f"{name}-{digest}" if recipe else cache() / name
    with locked(cache() / f"{target.name}.lock"):
        if not target.exists():
            partial = cache() / f"{target.name}.partial"
            subprocess.run(["rm", "-rf", "--one-file-system", partial], check=True)
            make(partial)
            partial.rename(target)
    return target


def text(argv: list[str]) -> str:
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout
