"""A system that pacman manages, in a folder: repositories, an own database, p7 and its hooks installed as packages.

Nothing of this machine's is read or written but programs: pacman, bsdtar and repo-add get the folder's paths each time,
and /proc is mounted in there in a mount namespace of the one command, since hooks run in a chroot. Pacman may also be
another Debian's, whose layers are then / of that namespace, with the folder in its place.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from p7.build import PROJECT
from tests.need import need
from tests.seal import cc

PACMAN = "pacman-package-manager"
LIBSYSTEMD = "libsystemd.so.0"
NODES = {"LIBSYSTEMD_209": ["sd_notify", "sd_listen_fds"], "LIBSYSTEMD_246": ["sd_journal_open_namespace"]}
_PC = {"usr/share/pkgconfig/systemd.pc": "Name: systemd\nDescription: none\nVersion: 256\n"}
SYSTEMD = {"usr/lib/systemd/systemd": "real", "usr/bin/systemctl": "real"}
_MTREE = "!all,use-set,type,uid,gid,mode,time,size,sha256,link"  # makepkg's
_RUN = 'mount -t proc proc "$1/proc"; shift 4; exec "$@"'
# $2 is the folder of the machine and of the namespace's new /, $3 the layers, $4 the working folder.
_RUN_IN_LAYERS = """
root=$1 path=$2 lower=$3 folder=$4; shift 4
mount -t tmpfs tmpfs "$path/debian"
cd "$path/debian"
mkdir -p own/"$path" work new
mount -t overlay -o "lowerdir=$lower,upperdir=own,workdir=work" overlay new
mount --bind "$path" new/"$path"
mount --bind /dev new/dev
mount -t proc proc new/"$root/proc"
mount -t proc proc new/proc
exec chroot new env --chdir="$folder" "$@"
"""
Files = dict[str, str | Path]
Done = subprocess.CompletedProcess[str]


class Machine:
    """`root` is its /; `path` a folder for archives and repositories. With `layers` pacman is theirs."""

    def __init__(self, path: Path, layers: Sequence[Path] = ()) -> None:
        self.path = path
        self.layers = layers
        self.root = path / "root"
        self.config = path / "pacman.conf"

    def package(self, name: str, version: str = "1-1", files: Files | None = None, **info: str) -> Path:
        """An archive with these files: text, a Path to copy, "-> target" a symlink. `info` are keys of .PKGINFO with
        words for values; `install` is a scriptlet, `tree` a folder to pack beside the files."""
        work = self.path / "work"
        shutil.rmtree(work, ignore_errors=True)
        tree = info.pop("tree", "")
        shutil.copytree(tree, work, symlinks=True) if tree else work.mkdir()
        for place, content in {"usr/share/doc/" + name: name, **(files or {})}.items():
            _put(work / place, content)
        if install := info.pop("install", ""):
            (work / ".INSTALL").write_text(install)
        lines = [f"pkgname = {name}", f"pkgver = {version}", "arch = any", "size = 0", "builddate = 1"]
        lines += [f"{key} = {word}" for key, words in info.items() for word in words.split()]
        (work / ".PKGINFO").write_text("\n".join(lines) + "\n")
        made = self.path / f"{name}-{version}-any.pkg.tar.zst"
        if tree:
            _pack(work, work / ".MTREE", "--gzip", "--format=mtree", f"--options={_MTREE}")
        _pack(work, made, "--zstd")
        return made

    def repository(self, name: str, *archives: Path) -> None:
        """Make a repository of archives, replacing what it was; pacman reads repositories in the order made."""
        folder = self.path / name
        database = folder / f"{name}.db.tar.gz"
        before = database.stat().st_mtime if database.exists() else 0
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        moved = [Path(shutil.move(archive, folder)) for archive in archives]
        subprocess.run([need("repo-add", PACMAN), "-q", database, *moved], check=True, stdout=subprocess.DEVNULL)
        later = max(before + 1, database.stat().st_mtime)  # pacman -Sy takes one of the same second for the same
        os.utime(database, (later, later))
        section = f"[{name}]\nServer = file://{folder}\n"
        if section not in self.config.read_text():
            with self.config.open("a") as config:
                config.write(section)

    def describe(self, repository: str, package: str, text: str) -> None:
        """Make a repository's database one of a single package, NAME-VERSION-RELEASE, with this text about it."""
        member = tarfile.TarInfo(f"{package}/desc")
        member.size = len(text)
        with tarfile.open(self.path / repository / f"{repository}.db", "w") as database:
            database.addfile(member, io.BytesIO(text.encode()))

    def pacman(self, *arguments: object, **keywords: Any) -> Done:
        """A run of pacman that says yes to what has that for its default."""
        # First, so that no "--" among the arguments can make pacman work on the machine that the tests run on.
        return self.run(need("pacman", PACMAN), *self.flags(), *arguments, **keywords)

    def program(self, name: str) -> Path:
        """The file of a program that runs in run()'s namespace."""
        return next(path for top in (*self.layers, Path("/")) if (path := top / "usr/bin" / name).exists())

    def flags(self) -> list[str]:
        """What keeps pacman in here."""
        state = self.root / "var"
        paths = {"root": self.root, "config": self.config, "dbpath": state / "lib/pacman"}
        paths |= {"cachedir": state / "cache/pacman/pkg", "logfile": state / "log/pacman.log"}
        return ["--noconfirm", "--noprogressbar", *(f"--{name}={path}" for name, path in paths.items())]

    def run(self, *command: object, **keywords: Any) -> Done:
        """A command with /proc mounted in the root."""
        script = _RUN_IN_LAYERS if self.layers else _RUN
        places = [self.root, self.path, ":".join(map(str, self.layers)), keywords.get("cwd", self.path)]
        words = ["unshare", "--mount", "sh", "-ec", script, "sh", *places, *command]
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        environment = {**os.environ, "LC_ALL": "C.UTF-8"}
        options: dict[str, Any] = {**streams, "env": environment, "text": True, "timeout": 120, **keywords}
        return subprocess.run([str(word) for word in words], check=False, **options)

    def installed(self) -> dict[str, str]:
        """Name to version, as the local database has them."""
        folders = (self.root / "var/lib/pacman/local").glob("*/")
        rows = [folder.name.rsplit("-", 2) for folder in folders if folder.is_dir()]
        return {name: f"{version}-{release}" for name, version, release in rows}

    def library(self, nodes: dict[str, list[str]], version: str) -> Path:
        """A package of systemd-libs whose libsystemd has these nodes."""
        made = cc.library(self.path / "libsystemd", LIBSYSTEMD, nodes)
        files: Files = {f"usr/lib/{LIBSYSTEMD}.0.1": made, f"usr/lib/{LIBSYSTEMD}": f"-> {LIBSYSTEMD}.0.1"}
        return self.package("systemd-libs", version, files, provides="libsystemd.so=0-64")

    def application(self, name: str, symbol: str, nodes: dict[str, list[str]]) -> Path:
        """A package whose program calls a function of such a libsystemd."""
        library = cc.library(self.path / "libsystemd", LIBSYSTEMD, nodes)
        program = cc.program(self.path / "program", [symbol], library)
        return self.package(name, files={f"usr/bin/{name}": program}, depend="libsystemd.so=0-64")


def _pack(folder: Path, archive: Path, *options: str) -> None:
    """.PKGINFO first, so that pacman need not look for it."""
    members = [".PKGINFO", *sorted(set(os.listdir(folder)) - {".PKGINFO"})]
    command = [need("bsdtar", "libarchive-tools"), "--uid=0", "--gid=0", *options, "-cf", archive, "-C", folder]
    subprocess.run([*command, *members], check=True)


def make(path: Path, artifact: Path) -> Machine:
    """A machine with p7, the dummies, a systemd-libs and a program that needs it."""
    machine = bare(path, artifact)
    done = machine.pacman("-U", *_seal(machine, artifact))
    assert done.returncode == 0, done.stdout
    return machine


def bare(path: Path, artifact: Path) -> Machine:
    """A machine without a package; there is what the artifact needs to run."""
    machine = Machine(path)
    for folder in (
        "proc",
        "dev",
        "run/lainos",
        "var/lib/pacman",
        "var/log",
        "var/cache/pacman/pkg",
        "usr/lib",
        "usr/bin",
        "../debian",
    ):
        (machine.root / folder).mkdir(parents=True)
    for link, target in {"bin": "usr/bin", "sbin": "usr/bin", "lib": "usr/lib", "lib64": "usr/lib"}.items():
        (machine.root / link).symlink_to(target)
    (machine.root / "dev/null").touch()
    machine.config.write_text("[options]\nArchitecture = x86_64\nSigLevel = Never\nIgnorePkg = systemd\n")
    _run_time(machine.root, artifact)
    return machine


def _seal(machine: Machine, artifact: Path) -> list[Path]:
    dummies = [machine.package(name, "256-1") for name in ("systemd-sysvcompat", "elogind", "mkinitcpio")]
    dummies.append(dummy(machine))
    return [
        core(machine, artifact),
        *dummies,
        machine.library(NODES, "256-1"),
        machine.application("old", "sd_notify", NODES),
    ]


def dummy(machine: Machine, version: str = "256-1") -> Path:
    return machine.package("systemd", version, dict(_PC))


def core(machine: Machine, artifact: Path, version: str = "1-1") -> Path:
    """p7's package, of what `build.py install` lays out."""
    image = machine.path / "image"
    if not image.exists():
        command = ["python3", "build.py", "install", "--static", "--destdir", image]
        environment = {**os.environ, "P7_DIST": str(artifact.parent)}
        subprocess.run(command, cwd=PROJECT, env=environment, check=True, stdout=subprocess.DEVNULL)
    return machine.package("protocol7-core", version, tree=str(image))


def _run_time(root: Path, artifact: Path) -> None:
    """What the static form is linked with, libarchive, and a shell for scriptlets."""
    library = subprocess.run(["ldconfig", "-p"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"libarchive\.so\.13 .*=> (\S+)", library)
    assert found, "libarchive13 is pacman's own dependency"
    shutil.copy(found[1], root / "usr/lib")
    for program in (str(artifact), found[1]):
        copy_libraries(root, program)
    shutil.copy(need("busybox", "busybox-static"), root / "usr/bin/sh")


def copy_libraries(root: Path, program: str) -> None:
    """Put what a program of this machine's is linked with where its copy finds it."""
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    for path in re.findall(r"(/\S+) \(0x", listed):
        shutil.copy(path, root / "usr/lib")


def _put(path: Path, content: str | Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, Path):
        shutil.copy(content, path)
    elif content.startswith("-> "):
        path.symlink_to(content.removeprefix("-> "))
    else:
        path.write_text(content)
