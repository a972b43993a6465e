"""pacman's guard on a package of many small programs, beside bsdtar reading the same archives.

With -U the package's is all that there is to read, with -S also the databases, as large as Arch's are.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from itertools import cycle, islice
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from p7.abi import elf
from p7.seal.package import WATCHED
from tests.bench import startup
from tests.bench.bars import SYNC, UPGRADE
from tests.bench.cases import Case
from tests.bench.results import BSDTAR
from tests.lab.private import Private

_PROGRAMS, _LARGEST = 1250, 256 << 10
_DATABASES = {"core": 280, "extra": 13_800}
# A hook knows pacman by its executable, and reads on its command line which archive it installs.
_HOOK = "echo many | {} seal-guard; exit $?"


def samples(artifacts: Mapping[str, Path], rounds: int) -> dict[str, startup.Samples]:
    """By the kind of transaction: of bsdtar, and of the guard in every form."""
    with TemporaryDirectory(prefix="p7-guard-") as name, Private() as machine:
        folder = Path(name)
        archive = _archive(folder)
        databases = [_database(folder, repository, count) for repository, count in _DATABASES.items()]
        kinds = {
            UPGRADE: ([archive], ["-U", str(archive)]),
            SYNC: ([archive, *databases], ["-S", "many", "--config", str(_configuration(folder)), "--dbpath", name]),
        }
        return {
            kind: startup.run(machine, _cases(folder, artifacts, archives, options), rounds, 0)
            for kind, (archives, options) in kinds.items()
        }


def _cases(folder: Path, artifacts: Mapping[str, Path], archives: list[Path], options: list[str]) -> Mapping[str, Case]:
    pacman = shutil.copy("/bin/sh", folder / "pacman")
    read = "; ".join(f"{BSDTAR} -xOf {archive}" for archive in archives)
    # pacman would take the script for an archive; but behind -b, which the shell has too, for its database's folder,
    # where a later --dbpath counts.
    guards = {form: Case([str(pacman), "-cb", _HOOK.format(path), *options]) for form, path in artifacts.items()}
    return {BSDTAR: Case(["/bin/sh", "-c", read]), **guards}


def _configuration(folder: Path) -> Path:
    path = folder / "pacman.conf"
    sections = "".join(f"[{repository}]\nServer = file:///nowhere\n" for repository in _DATABASES)
    path.write_text(f"[options]\nCacheDir = {folder}\nDBPath = {folder}\n{sections}")
    return path


def _database(folder: Path, repository: str, count: int) -> Path:
    """Of as many packages as one of Arch's repositories has, with as much to say of each; one of core's is _archive's.

    What is said is the same in every run, and compresses as Arch's does.
    """
    (folder / "sync").mkdir(exist_ok=True)
    path = folder / f"sync/{repository}.db"
    random = Random(repository)
    words = ["".join(random.choices("abcdefghijklmnopqrstuvwxyz", k=random.randint(3, 10))) for _ in range(3000)]
    names = [f"{random.choice(words)}-{number}" for number in range(count)]
    if repository == "core":
        names[count // 2] = "many"
    with tarfile.open(path, "w:gz", compresslevel=6) as database:
        for name in names:
            _add(database, f"{name}-1-1", None)
            _add(database, f"{name}-1-1/desc", _description(name, words, random))
    return path


def _add(database: tarfile.TarFile, path: str, text: str | None) -> None:
    """A folder, or a file with a text."""
    member = tarfile.TarInfo(path)
    if text is None:
        member.type = tarfile.DIRTYPE
    data = (text or "").encode()
    member.size = len(data)
    database.addfile(member, io.BytesIO(data))


def _description(name: str, words: list[str], random: Random) -> str:
    def some(count: int, between: str) -> str:
        return between.join(random.choices(words, k=count))

    fields = {
        "FILENAME": f"{name}-1-1-any.pkg.tar.zst",
        "NAME": name,
        "VERSION": "1-1",
        "DESC": some(10, " "),
        "ISIZE": str(random.randrange(10**9)),
        "SHA256SUM": random.randbytes(32).hex(),
        "PGPSIG": random.randbytes(230).hex(),  # 310 bytes in base64, which hexadecimal digits compress to
        "PACKAGER": some(3, " "),
        "DEPENDS": some(6, "\n"),
        "MAKEDEPENDS": some(4, "\n"),
    }
    return "".join(f"%{key}%\n{value}\n\n" for key, value in fields.items())


def _archive(folder: Path) -> Path:
    """A package of this machine's programs and libraries, with the three that the guard compares."""
    tree = folder / "tree"
    for top in ("opt", "usr/lib"):
        (tree / top).mkdir(parents=True)
    (tree / ".PKGINFO").write_text("pkgname = many\npkgver = 1-1\n")
    for number, path in enumerate(islice(cycle(sorted(_programs())), _PROGRAMS)):
        (tree / f"opt/{number}").symlink_to(path)
    for soname in WATCHED:
        for path in Path("/usr/lib").glob(f"*/{soname}"):
            (tree / f"usr/lib/{soname}").symlink_to(path)
    archive = folder / "many-1-1-any.pkg.tar.zst"
    pack = [BSDTAR, "--dereference", "--zstd", "-cf", archive, "-C", tree, ".PKGINFO", "opt", "usr"]
    subprocess.run(pack, check=True)
    return archive


def _programs() -> Iterator[Path]:
    for top in ("/usr/bin", "/usr/lib"):
        for path in Path(top).rglob("*"):
            if path.is_file() and not path.is_symlink() and path.stat().st_size <= _LARGEST:
                with path.open("rb") as file:
                    if file.read(len(elf.MAGIC)) == elf.MAGIC:
                        yield path
