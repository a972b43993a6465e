"""pacman's guard on a package of many small programs, beside bsdtar reading the same archive."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory

from p7.abi import elf
from p7.seal.package import WATCHED
from tests.bench import startup
from tests.bench.cases import Case
from tests.bench.results import BSDTAR
from tests.lab.private import Private

_PROGRAMS, _LARGEST = 1250, 256 << 10
# A hook knows pacman by its executable, and reads on its command line which archive it installs.
_HOOK = "echo many | {} seal-guard; exit $?"


def samples(artifacts: Mapping[str, Path], rounds: int) -> startup.Samples:
    """Of bsdtar and of the guard in every form."""
    with TemporaryDirectory(prefix="p7-guard-") as name, Private() as machine:
        archive = _archive(Path(name))
        pacman = f"{name}/pacman"
        shutil.copy("/bin/sh", pacman)
        cases = {BSDTAR: Case([str(shutil.which(BSDTAR)), "-xOf", str(archive)])}
        for form, path in artifacts.items():
            cases[form] = Case([pacman, "-c", _HOOK.format(path), "-U", str(archive)])
        return startup.run(machine, cases, rounds, 0)


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
