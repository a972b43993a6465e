"""Libraries and programs made with gcc and a version script, as ld's manual has it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.need import need


def library(path: Path, soname: str, nodes: dict[str, list[str]]) -> Path:
    """A library whose nodes define these functions; a node without any is there all the same."""
    names = [name for symbols in nodes.values() for name in symbols]
    source = "".join(f"int {name}(void) {{ return 0; }}\n" for name in names)
    script = path.with_suffix(".map")
    script.write_text("".join(f"{node} {{ {_globals(symbols)} }};\n" for node, symbols in nodes.items()))
    _compile(path, source, "-shared", "-fPIC", f"-Wl,-soname,{soname}", f"-Wl,--version-script={script}")
    return path


def program(path: Path, symbols: list[str], *libraries: Path) -> Path:
    """A program that calls these functions of the libraries."""
    calls = "".join(f"int {name}(void);\n" for name in symbols)
    calls += f"int main(void) {{ return {' + '.join(f'{name}()' for name in symbols) or '0'}; }}\n"
    _compile(path, calls, *map(str, libraries))
    return path


def _globals(symbols: list[str]) -> str:
    return f"global: {' '.join(f'{name};' for name in symbols)}" if symbols else ""


def _compile(path: Path, source: str, *arguments: str) -> None:
    gcc = need("gcc", "gcc libc6-dev")
    command = [gcc, "-x", "c", "-", "-x", "none", *arguments, "-o", str(path)]
    subprocess.run(command, input=source, text=True, check=True)
