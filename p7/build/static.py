"""dist/p7-static: p7/launcher.c linked with libpython, every module inside as bytecode; libc and libm only.

CPython's Tools/freeze does it this way. Against modules in a zip behind the program it saves a fifth of a bare start,
and needs neither /proc to find itself nor a readable file for a late import (docs/decisions.md has the numbers).
"""

import marshal
import os
import subprocess
import sys
import sysconfig
import tempfile

from p7.build import PROJECT, is_packer, no_arguments, output, pack, sources, stdlib

# What the interpreter itself imports when it starts or ends, and the modules that every config.c has.
_ALWAYS = "_ast _imp _string _tokenize _warnings atexit builtins faulthandler gc marshal sys".split()
_INIT = {"builtins": "NULL", "sys": "NULL", "marshal": "PyMarshal_Init", "_warnings": "_PyWarnings_Init"}
# libpython.a is no position-independent code, as in Debian's python3 itself.
_FLAGS = "-O2 -Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers -no-pie -s".split()
_MODULES_C = """\
#include <Python.h>
__asm__(".section .rodata\\nbytecode: .incbin \\"%(blob)s\\"\\n.previous");
extern const unsigned char bytecode[];
const struct _frozen p7_modules[] = {
%(frozen)s
    {0},
};
%(declarations)s
struct _inittab _PyImport_Inittab[] = {
%(builtins)s
    {0},
};
"""


def build(args: list[str]) -> int:
    """Write dist/p7-static, with the system's own Python: its libpython and its library must match."""
    no_arguments("static", (__doc__ or "").partition("\n\n")[0], args)
    sources.libraries()  # by this Python, which may have a pip that the system's lacks
    if not is_packer():
        return pack("static")
    path = output("p7-static")
    with tempfile.TemporaryDirectory() as folder:
        _write_modules(folder)
        link(folder, path + ".new")
    os.replace(path + ".new", path)
    print(f"{path}: {os.path.getsize(path) / 1e6:.1f} MB")
    return 0


def link(folder: str, path: str) -> None:
    """Compile and link. Exits with the remedy where libpython or the compiler is missing."""
    library = os.path.join(*sysconfig.get_config_vars("LIBPL", "LIBRARY"))
    include = sysconfig.get_config_var("INCLUDEPY")
    name = f"libpython{sys.version_info.major}.{sys.version_info.minor}-dev"
    if not os.path.exists(library) or not os.path.exists(os.path.join(include, "Python.h")):
        sys.exit(f"build.py: no {library}: apt-get install {name} (or another package that has it), or build.py frozen")
    command = ["cc", *_FLAGS, f"-I{include}", "-o", path]
    command += [os.path.join(PROJECT, "p7/launcher.c"), os.path.join(folder, "modules.c"), library]
    # libz.a, which libpython's package brings along, for binascii's crc32()
    command += f"-l:libz.a {sysconfig.get_config_var('LIBS')} {sysconfig.get_config_var('SYSLIBS')}".split()
    try:
        status = subprocess.run(command, check=False).returncode
    except FileNotFoundError:
        sys.exit("build.py: no C compiler: apt-get install gcc libc6-dev")
    if status != 0:
        sys.exit(f"build.py: cannot link p7-static with {library}")


def _write_modules(folder: str) -> None:
    """modules.c: the table of p7_modules over one blob of bytecode, and the table of built-in modules."""
    library = stdlib.closure()
    if lacking := [module.name for module in library if module.origin.endswith(".so")]:
        sys.exit(f"build.py: not in this Python's libpython: {' '.join(lacking)}; build.py frozen can do without")
    blob = b""
    frozen = []
    for path, source in _sources(library).items():
        name, is_package = sources.module_name(path)
        code = _bytecode(name, sources.lean(path, source))
        place = f".code = bytecode + {len(blob)}, .size = {len(code)}"
        frozen.append(f'    {{.name = "{name}", {place}, .is_package = {is_package:d}}},')
        blob += code
    names = sorted({*_ALWAYS, "_p7"} | {module.name for module in library if module.origin == "built-in"})
    inits = {name: _INIT.get(name, f"PyInit_{name}") for name in names}
    tables = {
        "blob": os.path.join(folder, "bytecode"),
        "frozen": "\n".join(frozen),
        "declarations": "\n".join(f"extern PyObject *{init}(void);" for init in inits.values() if init != "NULL"),
        "builtins": "\n".join(f'    {{"{name}", {init}}},' for name, init in inits.items()),
    }
    with open(tables["blob"], "wb") as file:
        file.write(blob)
    with open(os.path.join(folder, "modules.c"), "w", encoding="ascii") as table:
        table.write(_MODULES_C % tables)


def _sources(library: list[stdlib.Module]) -> dict[str, bytes]:
    """Archive name to source, of every module that is not in libpython."""
    files = {path: source for path, source in {**sources.own(), **sources.libraries()}.items() if path.endswith(".py")}
    for module in library:
        if module.origin.endswith(".py"):
            with open(module.origin, "rb") as file:
                files[module.name.replace(".", "/") + ("/__init__.py" if module.is_package else ".py")] = file.read()
    return files


def _bytecode(name: str, source: bytes) -> bytes:
    # The name in brackets, as libpython's own frozen modules have it: a traceback then looks for no source file.
    return marshal.dumps(compile(source, f"<frozen {name}>", "exec", dont_inherit=True))
