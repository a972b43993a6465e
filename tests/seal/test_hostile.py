"""Archives that are damaged or made to harm: the guard says so in a line, and has written nothing.

pacman turns most of these away itself; so another program stands for it here, with the archive on its command line.
"""

from __future__ import annotations

import os
import subprocess
import tarfile
import time
from pathlib import Path

import pytest

from tests.conftest import SYSTEM_PYTHON
from tests.need import need, need_root

_FRONT_END = "import subprocess,sys;sys.exit(subprocess.run(sys.argv[1:4],input=b'hello\\n').returncode)"
INFO = b"pkgname = hello\npkgver = 1-1\n"


def guard(p7: Path, archive: Path) -> subprocess.CompletedProcess[str]:
    """The guard as a hook of a front end that installs this archive, on a system without anything in it."""
    need_root("seal-guard belongs to root")
    root = archive.parent / "root"
    (root / "run/lainos").mkdir(parents=True, exist_ok=True)
    command = [SYSTEM_PYTHON, "-c", _FRONT_END, p7, "seal-guard", f"--root={root}", archive]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def archive(folder: Path, members: dict[str, bytes], kind: bytes = tarfile.REGTYPE) -> Path:
    """A package that no makepkg would make: pacman's suffix, and these members; the last one of `kind`."""
    path = folder / "hello-1-1-any.pkg.tar"
    with tarfile.open(path, "w") as tar:
        for name, data in {".PKGINFO": INFO, **members}.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            if name != ".PKGINFO":
                member.type = kind
            with (folder / "data").open("wb+") as file:
                file.write(data)
                file.seek(0)
                tar.addfile(member, file)
    return path


def stopped(done: subprocess.CompletedProcess[str], reason: str) -> None:
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert [line.split(" ")[1] for line in lines] == ["stopped:", "why:", "what"], done.stderr
    assert reason in lines[1]


def test_an_ordinary_one_passes(artifact: Path, tmp_path: Path) -> None:
    done = guard(artifact, archive(tmp_path, {"usr/bin/hello": b"#!/bin/sh\n", "usr/bin/ä": b"\x7fELF and no more"}))
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", ["../etc/passwd", "usr/../../etc/passwd", "/etc/passwd"])
def test_a_path_that_leads_out(p7: Path, tmp_path: Path, name: str) -> None:
    stopped(guard(p7, archive(tmp_path, {name: b"x"})), f"the path {name} leads out of the package")


@pytest.mark.parametrize("name", ["usr//bin/./init", "./sbin/init", "usr/sbin//init"])
def test_a_path_in_disguise(p7: Path, tmp_path: Path, name: str) -> None:
    stopped(guard(p7, archive(tmp_path, {name: b"x"})), "it brings usr/bin/init, and that is no link to openrc-init")


def test_a_hard_link_to_what_it_may_not_bring(artifact: Path, tmp_path: Path) -> None:
    made = archive(tmp_path, {"usr/lib/systemd/systemd": b""}, tarfile.LNKTYPE)
    stopped(guard(artifact, made), "it brings usr/lib/systemd/systemd, which is systemd's")


def test_ten_gigabytes_of_nothing(p7: Path, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "usr/lib").mkdir(parents=True)
    (tree / ".PKGINFO").write_bytes(INFO)
    with (tree / "usr/lib/huge").open("wb") as file:
        file.write(b"\x7fELF")
        file.truncate(10 << 30)
    made = tmp_path / "hello-1-1-any.pkg.tar.zst"
    subprocess.run(
        [need("bsdtar", "libarchive-tools"), "--zstd", "-cf", made, "-C", tree, ".PKGINFO", "usr"], check=True
    )
    assert made.stat().st_size < 1 << 20
    before = time.monotonic()
    stopped(guard(p7, made), "usr/lib/huge would be 10 GiB large")
    assert time.monotonic() - before < 5


def test_a_truncated_stream(p7: Path, tmp_path: Path) -> None:
    plain = archive(tmp_path, {"usr/lib/noise": os.urandom(1 << 20)})
    made = plain.with_name(plain.name + ".zst")
    subprocess.run([need("zstd", "zstd"), "-q", plain, "-o", made], check=True)
    plain.unlink()
    assert guard(p7, made).returncode == 0
    os.truncate(made, made.stat().st_size // 2)
    stopped(guard(p7, made), f"{made.name} cannot be read: ")


def test_what_is_no_package(p7: Path, tmp_path: Path) -> None:
    for data in (b"", b"text\n" * 500, os.urandom(5000)):
        path = tmp_path / "hello-1-1-any.pkg.tar"
        path.write_bytes(data)
        stopped(guard(p7, path), f"{path.name} cannot be read: ")


def test_no_archive_at_all(p7: Path, tmp_path: Path) -> None:
    stopped(guard(p7, tmp_path / "hello-1-1-any.pkg.tar"), "cannot be found")


def test_names_are_wanted(p7: Path) -> None:
    need_root("seal-guard belongs to root")
    done = subprocess.run([p7, "seal-guard"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (
        2,
        "seal-guard: no package names on standard input: it is for pacman's hooks\n",
    )


def test_names_that_nobody_can_read(p7: Path) -> None:
    """pacman 7 closes its hooks' standard input where names were piped to it."""
    need_root("seal-guard belongs to root")
    command = ["sh", "-c", 'exec "$0" seal-guard <&-', p7]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "why: standard input is closed, so nobody can tell what comes\n" in done.stderr
