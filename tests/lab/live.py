"""Media that boot through an image of dracut's, as docs/initramfs.md makes them, and an installed system's disk."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tests.lab import vm_image
from tests.lab.dracut import LIVE, dracut_layers, merged
from tests.lab.stage import Machine, enable, stage

RC = Path(__file__).with_name("live_rc")
CONSOLE = "console=tty0 console=ttyS0 panic=-1"
LABEL = "P7_LIVE"
OVMF = Path("/usr/share/ovmf/OVMF.fd")
ISOLINUX = ("/usr/lib/ISOLINUX/isolinux.bin", "/usr/lib/syslinux/modules/bios/ldlinux.c32")

# In the merged root, with its kernel's version: the live image, and the root as a squashfs.
_LIVE = """
version=$1; shift
for script in /lab/setup /lab/vm-setup; do
    chroot . sh -e "$script"
done
chroot . depmod "$version"
chroot . dracut --quiet --force "$@" /out/initramfs-live.img "$version"
cp "usr/lib/modules/$version/vmlinuz" out/vmlinuz-linux
lz4="-comp lz4 -noappend -no-progress -quiet"
mksquashfs . out/squashfs.img $lz4 -wildcards -e out 'proc/*' 'dev/*' 'run/*' 'boot/*'
"""
# After it, an installed system's: the image that pacman's hook makes, and the root as a disk.
_INSTALLED = """
echo "usr/lib/modules/$version/pkgbase" | chroot . /usr/share/libalpm/scripts/p7-dracut install
cp boot/vmlinuz-linux boot/initramfs-linux.img out/
# Without what is mounted in it, which mke2fs would read, too.
mkdir ../plain; mount --bind . ../plain
mke2fs -q -t ext4 -L P7_ROOT -d ../plain out/root.ext4 3G
"""


@dataclass(frozen=True)
class Disk:
    """What QEMU boots: a disk, and a kernel if no loader on it is to be used; writes are thrown away."""

    drive: str
    kernel: tuple[Path, Path, str] | None = None
    """Kernel, initramfs and command line."""
    firmware: Path | None = None
    """What looks for a loader, if not QEMU's BIOS."""
    devices: str = ""
    """What the drive is plugged into, if it needs more than QEMU has."""

    def arguments(self) -> list[str]:
        words = ["-drive", f"{self.drive},format=raw", "-snapshot", *self.devices.split()]
        if self.firmware:
            words += ["-bios", str(self.firmware)]
        if self.kernel:
            kernel, initramfs, line = self.kernel
            words += ["-kernel", str(kernel), "-initrd", str(initramfs), "-append", f"{CONSOLE} {line}"]
        return words


def squashfs(made: Path) -> Disk:
    """A bare squashfs for a disk; init= is lost."""
    return Disk(f"file={made}/squashfs.img,if=virtio", _kernel(made, "live", "root=live:/dev/vda quiet"))


def labelled(made: Path) -> Disk:
    """An ext4 with a label, as on a USB stick; init= is misspelt."""
    disk = made / "stick.ext4"
    _filled(disk, lambda: _run("mke2fs", "-q", "-t", "ext4", "-L", LABEL, "-d", _medium(made), disk, "1G"))
    line = f"root=live:LABEL={LABEL} quiet init=/sbin/opernc-init"
    return Disk(f"file={disk},if=virtio", _kernel(made, "live", line))


def grub(made: Path) -> Disk:
    """A CD with GRUB, whose menu finds the label."""
    disk = made / "grub.iso"
    options = ["-volid", "ANY_LABEL", "-hfsplus", "off"]
    _filled(disk, lambda: _run("grub-mkrescue", "-o", disk, _medium(made), "--", *options))
    return Disk(f"file={disk},media=cdrom")


def uefi(made: Path) -> Disk:
    """The same CD, by UEFI: grub-mkrescue puts a loader for each on it."""
    return replace(grub(made), firmware=OVMF)


def stick(made: Path) -> Disk:
    """That CD's image written to a USB stick."""
    drive = f"file={made}/grub.iso,if=none,id=stick"
    return replace(grub(made), drive=drive, devices="-device qemu-xhci -device usb-storage,drive=stick")


def uefi_stick(made: Path) -> Disk:
    return replace(stick(made), firmware=OVMF)


def iso_scan(made: Path) -> Disk:
    """The CD as a file on a disk, which dracut is to look for."""
    disk = made / "holder.ext4"
    (folder := made / "holder").mkdir(exist_ok=True)
    grub(made)
    _filled(folder / "live.iso", lambda: (folder / "live.iso").hardlink_to(made / "grub.iso"))
    _filled(disk, lambda: _run("mke2fs", "-q", "-t", "ext4", "-d", folder, disk, "1G"))
    line = "root=live:LABEL=ANY_LABEL iso-scan/filename=/live.iso quiet"
    return Disk(f"file={disk},if=virtio", _kernel(made, "live", line))


def isolinux(made: Path) -> Disk:
    """A CD with ISOLINUX."""
    disk = made / "isolinux.iso"

    def make() -> None:
        medium = _medium(made)
        (medium / "isolinux").mkdir(exist_ok=True)
        for file in (*ISOLINUX, medium / "boot/grub/isolinux.cfg"):
            shutil.copy(file, medium / "isolinux")
        options = "-c isolinux/boot.cat -no-emul-boot -boot-load-size 4 -boot-info-table".split()
        loader = ["-b", "isolinux/isolinux.bin", *options]
        _run("xorriso", "-as", "mkisofs", "-R", "-V", LABEL, *loader, "-o", disk, medium)

    _filled(disk, make)
    return Disk(f"file={disk},media=cdrom")


def installed(made: Path) -> Disk:
    """An installed system's disk, with the image that pacman's hook made; init= is lost."""
    return Disk(f"file={made}/root.ext4,if=virtio", _kernel(made, "linux", "root=LABEL=P7_ROOT rw quiet"))


def shell_less(made: Path) -> Disk:
    """The same, and dracut may open no shell where it knows no init: it would power off."""
    return Disk(f"file={made}/root.ext4,if=virtio", _kernel(made, "linux", "root=LABEL=P7_ROOT rw rd.shell=0"))


def build(work: Path, machine: Machine) -> Path:
    """A folder with a machine's kernel, images and root; everything above is made from that."""
    return _build(work, machine, _LIVE + _INSTALLED)


def furnished(work: Path, machine: Machine, packages: Path, more: Path) -> Disk:
    """A bare squashfs of a machine with a layer of packages and a folder's files besides."""
    return squashfs(_build(work, machine, _LIVE, (packages,), (more,)))


def _build(work: Path, machine: Machine, script: str, packages: Sequence[Path] = (), more: Sequence[Path] = ()) -> Path:
    own = stage(work / "layer", machine)
    for folder in (vm_image.RC, RC, *more):
        shutil.copytree(folder, own, symlinks=True, dirs_exist_ok=True)
    enable(own, "sysinit", "udev")
    enable(own, "sysinit", "lab-agent")
    version = _kernel_package(own)
    (made := work / "made").mkdir()
    merged([*dracut_layers(own), *packages], made, script, version, *LIVE)
    return made


def _kernel_package(root: Path) -> str:
    """Lay Debian's kernel out as Arch's package does; its version."""
    unpacked = root.with_name("kernel")
    _run("dpkg-deb", "-x", vm_image.kernel(), unpacked)
    (modules,) = unpacked.glob("lib/modules/*")
    shutil.move(unpacked / f"boot/vmlinuz-{modules.name}", modules / "vmlinuz")
    (modules / "pkgbase").write_text("linux\n")
    (root / "usr/lib/modules").mkdir(parents=True)
    shutil.move(modules, root / "usr/lib/modules")
    return modules.name


def _kernel(made: Path, image: str, line: str) -> tuple[Path, Path, str]:
    return made / "vmlinuz-linux", made / f"initramfs-{image}.img", line


def _medium(made: Path) -> Path:
    """The files of a medium, hard links where they are large."""
    medium = made / "medium"
    if not medium.exists():
        (medium / "LiveOS").mkdir(parents=True)
        (medium / "boot/grub").mkdir(parents=True)
        (medium / "LiveOS/squashfs.img").hardlink_to(made / "squashfs.img")
        for name in ("vmlinuz-linux", "initramfs-live.img"):
            (medium / "boot" / name).hardlink_to(made / name)
        for menu in (made.parent / "layer/usr/share/lainos/live").iterdir():
            shutil.copy(menu, medium / "boot/grub")
    return medium


def _filled(target: Path, make: Callable[[], None]) -> None:
    if not target.exists():
        make()


def _run(*command: str | Path) -> None:
    subprocess.run([str(word) for word in command], check=True, stdin=subprocess.DEVNULL, stdout=sys.stderr)
