"""dist/p7: a zipapp for the system's python3, the same bytes from the same sources and Python."""

import importlib._bootstrap_external as bootstrap
import importlib.util
import io
import os
import stat
import zipfile

from p7.build import is_packer, no_arguments, output, pack, sources

# One argument to the kernel, at most 255 bytes. -I and -S shut out the environment and site-packages. Attached to -c,
# the program starts without runpy, which costs a script in a zip 6 ms. The path is made absolute, or an import after
# a chdir would fail.
SHEBANG = (
    b"#!/usr/bin/python3 -IScimport os,sys;a=sys.argv;del a[0];sys.path.insert(0,os.path.realpath(a[0]));"
    b"from p7.dispatch import start;start(a)\n"
)
# For `python3 dist/p7`: slower, and not isolated from the environment, but it works.
_MAIN = b"""import os, sys
sys.path[0] = os.path.realpath(sys.path[0])
from p7.dispatch import start
start(sys.argv)
"""
_NOT_AT_BOOT = ("click", "p7/abi", "p7/seal", "p7/cli", "p7/menu", "applets/abi", "applets/seal")
_EPOCH = (1980, 1, 1, 0, 0, 0)


def build(args: list[str]) -> int:
    """Write dist/p7, with bytecode of the Python that its first line names."""
    no_arguments("zipapp", (__doc__ or "").partition("\n\n")[0], args)
    sources.libraries()  # by this Python, which may have a pip that the system's lacks
    if not is_packer():
        return pack("zipapp")
    path = output("p7")
    write_program(path, SHEBANG + zipped())
    print(f"{path}: {os.path.getsize(path) / 1000:.0f} kB")
    return 0


def zipped() -> bytes:
    """The zip: bytecode that a boot reads is stored; sources, and what a person or pacman waits for, are deflated."""
    assert len(SHEBANG) < 256
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        _add(archive, "__main__.py", _MAIN)
        for name, data in {**sources.own(), **sources.libraries()}.items():
            _add(archive, name, data)
            if name.endswith(".py"):
                # Fast on the Python that built it; on the next one the source is what still runs.
                method = zipfile.ZIP_DEFLATED if name.startswith(_NOT_AT_BOOT) else zipfile.ZIP_STORED
                _add(archive, name + "c", bytecode(name, data), method)
    return buffer.getvalue()


def bytecode(name: str, source: bytes) -> bytes:
    """An unchecked-hash .pyc (PEP 552): valid whatever the source's time stamp says."""
    code = compile(sources.lean(name, source), name, "exec", dont_inherit=True)
    return bytes(bootstrap._code_to_hash_pyc(code, importlib.util.source_hash(source), False))  # type: ignore[attr-defined]


def write_program(path: str, data: bytes) -> None:
    """An executable file, replaced in one step: a running p7 keeps the old one."""
    with open(path + ".new", "wb") as file:
        file.write(data)
        os.fchmod(file.fileno(), 0o755)
    os.replace(path + ".new", path)


def _add(archive: zipfile.ZipFile, name: str, data: bytes, method: int = zipfile.ZIP_DEFLATED) -> None:
    info = zipfile.ZipInfo(name, _EPOCH)
    info.external_attr = (stat.S_IFREG | 0o644) << 16
    info.compress_type = method
    archive.writestr(info, data, compresslevel=9)
