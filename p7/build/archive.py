"""dist/p7: a zipapp for the system's python3, the same bytes from the same sources and Python."""

import ast
import importlib._bootstrap_external as bootstrap
import importlib.util
import io
import marshal
import os
import stat
import zipfile
from types import CodeType

from p7.build import finder, is_packer, no_arguments, output, pack, sources
from p7.dispatch import TOOLS

# One argument to the kernel, at most 255 bytes. -I and -S shut out the environment and site-packages. Attached to -c,
# the program starts without runpy, which costs a script in a zip 6 ms. The path is made absolute, or an import after
# a chdir would fail.
SHEBANG = (
    b"#!/usr/bin/python3 -IScimport os,sys;a=sys.argv;del a[0];p=os.path.realpath(a[0]);f=open(p,'rb');f.readline();"
    b"exec(f.readline());from p7.dispatch import start;start(a)\n"
)
# The second line: the Python that the bytecode is of imports from the block behind it, any other from the zip, whose
# sources it compiles. The zip comes last on the path: its directory takes zipimport a millisecond, and is read only
# for what the block does not have.
_SECOND = (
    b"import _frozen_importlib_external as e,marshal;m=e.MAGIC_NUMBER==%r and marshal.loads(f.read(%d));"
    b"m and(exec(m[0],g:={}),sys.meta_path.insert(0,g['Finder'](p,f.tell(),m[1])));f.close();sys.path.append(p)\n"
)
# For `python3 dist/p7`: slower, and not isolated from the environment, but it works.
_MAIN = b"""import os, sys
p = os.path.realpath(sys.path.pop(0))
f = open(p, "rb")
f.readline()
exec(f.readline())
from p7.dispatch import start
start(sys.argv)
"""
_NOT_AT_BOOT = (
    *("click", "p7/abi", "p7/finalize", "p7/seal", "p7/cli", "p7/menu", "p7/native"),
    *(f"applets/{name.replace('-', '_')}." for name in TOOLS),
)
_EPOCH = (1980, 1, 1, 0, 0, 0)


def build(args: list[str]) -> int:
    """Write dist/p7, with bytecode of the Python that its first line names."""
    no_arguments("zipapp", (__doc__ or "").partition("\n\n")[0], args)
    sources.libraries()  # by this Python, which may have a pip that the system's lacks
    if not is_packer():
        return pack("zipapp")
    path = output("p7")
    write_program(path, SHEBANG + block() + zipped())
    print(f"{path}: {os.path.getsize(path) / 1000:.0f} kB")
    return 0


def block() -> bytes:
    """The second line, then what it loads: the finder with its table, and the bytecode that a boot may read."""
    table = {}
    codes = b""
    for path, source in sources.own().items():
        if not path.startswith(_NOT_AT_BOOT):
            name, is_package = sources.module_name(path)
            code = marshal.dumps(_compiled(path, source))
            table[name] = len(codes), len(code), is_package
            codes += code
    with open(finder.__file__, "rb") as file:
        head = marshal.dumps((_compiled("p7/build/finder.py", file.read()), table))
    return _SECOND % (importlib.util.MAGIC_NUMBER, len(head)) + head + codes


def zipped() -> bytes:
    """The zip: sources, and the bytecode of what a person or pacman waits for."""
    assert len(SHEBANG) < 256
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        _add(archive, "__main__.py", _MAIN)
        for name, data in {**sources.own(), **sources.libraries()}.items():
            is_documented = name.startswith("click/")  # a third of its bytes
            _add(archive, name, sources.lean(name, data) if is_documented else data)
            if name.endswith(".py") and name.startswith(_NOT_AT_BOOT):
                # Fast on the Python that built it; on the next one the source is what still runs.
                _add(archive, name + "c", bytecode(name, data))
    return buffer.getvalue()


def bytecode(name: str, source: bytes) -> bytes:
    """An unchecked-hash .pyc (PEP 552): valid whatever the source's time stamp says."""
    code = _compiled(name, source)
    return bytes(bootstrap._code_to_hash_pyc(code, importlib.util.source_hash(source), False))  # type: ignore[attr-defined]


def _compiled(name: str, source: bytes) -> CodeType:
    tree = ast.parse(sources.lean(name, source))
    own = sources.Unannotated().visit(tree) if name.startswith(("p7/", "applets/")) else tree
    code: CodeType = compile(own, name, "exec", dont_inherit=True)
    return code


def write_program(path: str, data: bytes) -> None:
    """An executable file, replaced in one step: a running p7 keeps the old one."""
    with open(path + ".new", "wb") as file:
        file.write(data)
        os.fchmod(file.fileno(), 0o755)
    os.replace(path + ".new", path)


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    info = zipfile.ZipInfo(name, _EPOCH)
    info.external_attr = (stat.S_IFREG | 0o644) << 16
    info.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(info, data, compresslevel=9)
