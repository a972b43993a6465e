"""dist/liblainos-*-mock.so.*: libraries that have every symbol of libsystemd and libdbus, and do nothing.

Made from the libraries that are installed, with the symbols and version nodes of just those. Their sonames are private:
the dynamic linker finds them for nobody who does not name them. p7.build.mock_table has what they answer.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

from p7 import identity
from p7.abi import elf, needs
from p7.build import PROJECT, mock_table, no_arguments, output
from p7.build.mock_table import ANSWERS, OWN, Mock
from p7.root import SYSTEM

# No build id, no symbol table, no path of the folder: the same library makes the same mock.
_FLAGS = "-O2 -Wall -Wextra -Wno-unused-parameter -shared -fPIC -s -Wl,-z,relro,-z,now,--build-id=none".split()
_IDENTITY = {
    "SESSION": f'"{identity.SESSION_ID}"',
    "SEAT": f'"{identity.SEAT_ID}"',
    "CLASS": f'"{identity.SESSION_CLASS}"',
    "STATE": f'"{identity.STATE}"',
    "TYPE": f'"{identity.Session().type}"',
    "UID": str(identity.FIRST_UID),
}


def build(args: list[str]) -> int:
    """Write a mock of each library. Exits with the reason where one is missing or cannot be matched."""
    no_arguments("mocks", (__doc__ or "").partition("\n\n")[0], args)
    own = needs.load("/proc/self/exe")
    assert own is not None, "this Python would have to be linked statically"
    for mock in mock_table.MOCKS:
        real = needs.Libraries(SYSTEM).installed(mock.real, own.kind)
        if real is None:
            sys.exit(f"build.py: {mock.real} is not installed: a mock has the symbols of the real one")
        path = output(mock.soname)
        make(mock, real, path)
        print(f"{path}: {len(real.defined)} symbols of {len(real.nodes)} versions")
    return 0


def make(mock: Mock, real: elf.Elf, path: str) -> None:
    """Compile the mock of one library. Exits with the reason where it cannot have just the same symbols: data without
    a value in the C file, or two versions of one function, which neither library has had yet."""
    unknown = sorted(name for name in real.variables if mock.answer(name) != OWN)
    if unknown:
        sys.exit(f"build.py: {mock.real}: {unknown[0]} is no function, and mock_table.py has no value for it")
    source = os.path.join(PROJECT, "p7/build", mock.source)
    names = {name for name, _ in real.defined}
    text = "\n".join([f'#include "{source}"', "#include <errno.h>", *_functions(mock, names), ""])
    with tempfile.NamedTemporaryFile("w", suffix=".map", encoding="ascii") as script:
        script.write(_version_script(real))
        script.flush()
        flags = [*_FLAGS, *(f"-D{key}={value}" for key, value in _IDENTITY.items()), f"-Wl,-soname,{mock.soname}"]
        _compile([*flags, f"-Wl,--version-script={script.name}", "-o", path + ".new"], text)
    made = needs.load(path + ".new")
    assert made is not None
    if differing := sorted(real.defined ^ made.defined):
        sys.exit(f"build.py: {mock.soname}: {'@'.join(differing[0])} is in only one of it and {mock.real}")
    os.replace(path + ".new", path)


def _compile(arguments: list[str], text: str) -> None:
    try:
        status = subprocess.run(["cc", *arguments, "-x", "c", "-"], input=text, text=True, check=False).returncode
    except FileNotFoundError:
        sys.exit("build.py: no C compiler: apt-get install gcc libc6-dev")
    if status != 0:
        sys.exit("build.py: the mock libraries cannot be compiled")


def _functions(mock: Mock, names: set[str]) -> list[str]:
    """A function for each answer, and one of these under every other name."""
    lines = [f"long answer_{key}(void) {{ return {value}; }}" for key, value in ANSWERS.items()]
    answers = {name: mock.answer(name) for name in sorted(names)}
    return lines + [
        f'__typeof__(answer_zero) {name} __attribute__((alias("answer_{answer}")));'
        for name, answer in answers.items()
        if answer != OWN
    ]


def _version_script(real: elf.Elf) -> str:
    """The nodes with what each defines (ld's manual, VERSION); what the C file has beyond that stays inside."""
    blocks: list[str] = []
    for node in real.nodes or [""]:
        names = sorted(name for name, own in real.defined if own == node)
        exported = f"global: {' '.join(f'{name};' for name in names)}" if names else ""
        blocks.append(f"{node} {{ {exported} {'local: *;' if not blocks else ''} }};\n")
    return "".join(blocks)
