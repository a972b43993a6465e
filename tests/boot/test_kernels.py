"""pacman's kernel hooks: real pacman (7.0) and dracut (106) in a booted machine, kernels that are only their names."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.lab.boot import Boot
from tests.lab.dracut import PACKAGES
from tests.lab.inside import ask
from tests.lab.packages import layer
from tests.lab.stage import Machine
from tests.seal.machine import Machine as Packager

PACMAN = "[options]\nArchitecture = x86_64\nSigLevel = Never\n"
# Quick, and all that is looked at.
DRACUT = 'dracutmodules=" protocol7 "\ncompress="cat"\n'
SCRIPT = "/usr/share/libalpm/scripts/p7-dracut"
Install = Callable[..., str]


@pytest.fixture(scope="module")
def layers_with_pacman(layers: Callable[[Machine], list[Path]], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    own = tmp_path_factory.mktemp("pacman") / "layer"
    files = {
        "etc/pacman.conf": PACMAN,
        "etc/dracut.conf.d/lab.conf": DRACUT,
        "boot/vmlinuz-own": "9.9 (own)",
        "srv/x": "",
    }
    for name, text in files.items():
        (own / name).parent.mkdir(parents=True, exist_ok=True)
        (own / name).write_text(text)
    machine, debian = layers(Machine())
    return [own, machine, layer("pacman-package-manager", *PACKAGES), debian]


@pytest.fixture
def boot(layers_with_pacman: list[Path]) -> Iterator[Boot]:
    with Boot(layers_with_pacman) as boot:
        boot.wait_runlevel("default")
        ask(boot, "mkdir", "-p", "/var/lib/pacman")
        yield boot


@pytest.fixture
def packager(tmp_path: Path) -> Packager:
    return Packager(tmp_path)


def kernel(packager: Packager, name: str, version: str, **files: str) -> Path:
    folder = f"usr/lib/modules/{version}"
    image = f"\0\0HdrS{version} (builder@host) #1{version * 9}"
    content = {f"{folder}/pkgbase": f"{name}\n", f"{folder}/vmlinuz": image, f"{folder}/modules.dep": "\n", **files}
    return packager.package(name, f"{version}-1", {path: text for path, text in content.items() if text})


def pacman(boot: Boot, *words: str | Path) -> str:
    """What a transaction says; archives are the machine's that runs the test."""
    for word in words:
        if isinstance(word, Path):
            shutil.copy(word, boot.path("srv"))
    inside = [f"/srv/{word.name}" if isinstance(word, Path) else word for word in words]
    code, said = boot.run(["pacman", "--noconfirm", "--noprogressbar", *inside], timeout=120)
    assert code == 0, said
    return said


def made(said: str) -> dict[str, str]:
    """Name to version of the kernels that got an image."""
    return dict(re.findall(r"^/boot/initramfs-(\S+)\.img for (\S+)$", said, re.MULTILINE))


def in_boot(boot: Boot) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in boot.path("boot").iterdir() if path.is_file()}


def test_two_kernels_come_are_updated_and_go(boot: Boot, packager: Packager) -> None:
    said = pacman(boot, "-U", kernel(packager, "linux", "6.1.p7"), kernel(packager, "linux-lts", "5.9.p7"))
    assert made(said) == {"linux": "6.1.p7", "linux-lts": "5.9.p7"}
    first = in_boot(boot)
    assert sorted(first) == [
        "initramfs-linux-lts.img",
        "initramfs-linux.img",
        "vmlinuz-linux",
        "vmlinuz-linux-lts",
        "vmlinuz-own",
    ]
    for image in ("initramfs-linux-lts.img", "initramfs-linux.img"):
        assert "cleanup/99-hand-over.sh" in ask(boot, "lsinitrd", f"/boot/{image}")

    # What goes into images comes: all are made anew.
    firmware = packager.package("firmware", files={"usr/lib/firmware/new/microcode": "x", "usr/lib/firmware/old": "y"})
    assert made(pacman(boot, "-U", firmware)) == {"linux": "6.1.p7", "linux-lts": "5.9.p7"}

    first = in_boot(boot)
    # The old version's path is removed, and pacman says so to the hook, which takes nothing away.
    said = pacman(boot, "-U", kernel(packager, "linux", "6.2.p7"))
    assert "Removing kernels that are gone from /boot" in said and "goes" not in said
    second = in_boot(boot)
    assert b"6.2.p7 (" in second["vmlinuz-linux"]
    assert {name for name in first if first[name] != second[name]} == {"vmlinuz-linux", "initramfs-linux.img"}

    said = pacman(boot, "-R", "linux")
    assert "/boot/vmlinuz-linux goes\n" in said
    assert sorted(in_boot(boot)) == ["initramfs-linux-lts.img", "vmlinuz-linux-lts", "vmlinuz-own"]


def test_a_full_boot_keeps_what_it_has(boot: Boot, packager: Packager) -> None:
    pacman(boot, "-U", kernel(packager, "linux", "6.1.p7"))
    size = sum(path.stat().st_size for path in boot.path("boot").iterdir() if path.is_file())
    ask(boot, "sh", "-ec", f"cp -a /boot /old; mount -t tmpfs -o size={size * 3 // 2} boot /boot; cp -a /old/. /boot")
    before = in_boot(boot)
    said = pacman(boot, "-U", kernel(packager, "linux", "6.2.p7"))
    assert "No space left on device" in said
    assert re.search(
        r"p7-dracut: linux 6.2.p7: not made bootable; /boot has what it had, [0-9]+ kB free\. Mend what is said above,"
        rf" then: {SCRIPT} install </dev/null\n",
        said,
    )
    assert in_boot(boot) == before
    ask(boot, "mount", "-o", "remount,size=100%", "/boot")
    code, said = boot.run(["sh", "-c", f"{SCRIPT} install </dev/null"], timeout=60)
    assert (code, said) == (0, "/boot/initramfs-linux.img for 6.2.p7\n")
    assert b"6.2.p7 (" in in_boot(boot)["vmlinuz-linux"]


def test_one_kernel_that_cannot_be_made_bootable_stops_no_other(boot: Boot, packager: Packager) -> None:
    broken = kernel(packager, "linux-broken", "6.0.p7", **{"usr/lib/modules/6.0.p7/vmlinuz": ""})
    nameless = kernel(packager, "linux-nameless", "5.8.p7", **{"usr/lib/modules/5.8.p7/pkgbase": "../etc/passwd\n"})
    said = pacman(boot, "-U", broken, nameless, kernel(packager, "linux", "6.1.p7"))
    assert "p7-dracut: linux-broken 6.0.p7: not made bootable" in said
    assert "p7-dracut: /usr/lib/modules/5.8.p7/pkgbase: names no kernel" in said
    assert sorted(in_boot(boot)) == ["initramfs-linux.img", "vmlinuz-linux", "vmlinuz-own"]


def test_without_dracut_it_says_so(boot: Boot, packager: Packager) -> None:
    ask(boot, "mv", "/usr/bin/dracut", "/usr/bin/away")
    said = pacman(boot, "-U", kernel(packager, "linux", "6.1.p7"))
    assert "p7-dracut: linux 6.1.p7: dracut is not installed, so nothing new is in /boot; install it, then: " in said
    assert sorted(in_boot(boot)) == ["vmlinuz-own"]
