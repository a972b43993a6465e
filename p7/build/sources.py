"""The modules that go into an artifact: p7's own, and the parts of click that it uses."""

import ast
import glob
import os
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from typing import Any

from p7.build import PROJECT, cache, core, version

# Pagers, editors and progress bars, another system's console; p7/cli.py turns shell completion off.
_UNUSED = ("click/_termui_impl.py", "click/_winconsole.py", "click/shell_completion.py", "click/testing.py")


def own() -> dict[str, bytes]:
    """Archive name to source, for p7 and the applets; p7/build stays behind."""
    paths = glob.glob("p7/**/*.py", root_dir=PROJECT, recursive=True)
    paths += glob.glob("applets/**/*.py", root_dir=PROJECT, recursive=True)
    files = {path: _read(path) for path in sorted(paths) if not path.startswith("p7/build/")}
    return {**files, "p7/__init__.py": version.module(files["p7/__init__.py"]), "p7/seal/core.py": core.module()}


def libraries() -> dict[str, bytes]:
    """Archive name to source, for the pinned dependencies of pyproject.toml, with their licences."""
    files = {}
    for path in wheels():
        with zipfile.ZipFile(path) as wheel:
            for name in sorted(wheel.namelist()):
                if _is_wanted(name):
                    files[name] = wheel.read(name)
    return files


def module_name(path: str) -> tuple[str, bool]:
    """The name that a source is imported under, and whether it is a package's."""
    name = path.removesuffix(".py").replace("/", ".")
    return name.removesuffix(".__init__"), name.endswith(".__init__")


def wheels(group: str = "") -> list[str]:
    """The paths of pyproject.toml's pinned dependencies, or those of a group; Python imports from them as they are."""
    requirements = project()["optional-dependencies"][group] if group else project()["dependencies"]
    return [_wheel(requirement) for requirement in requirements]


def lean(path: str, source: bytes) -> bytes:
    """A source with its docstrings emptied, lines where they were. An applet's module keeps its own, the help."""
    lines = source.splitlines(keepends=True)
    for text in list(_docstrings(ast.parse(source)))[path.startswith("applets/") :]:
        first, last = text.lineno - 1, (text.end_lineno or text.lineno) - 1
        rest = lines[last][text.end_col_offset :]
        lines[first : last + 1] = [lines[first][: text.col_offset] + b'""' + rest, *[b"\n"] * (last - first)]
    return b"".join(lines)


class Unannotated(ast.NodeTransformer):
    """A tree without annotations, which nothing reads when p7 runs: a sixteenth of its bytecode."""

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        self.generic_visit(node)
        node.returns = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt:
        bare = ast.Assign([node.target], node.value) if node.value is not None else ast.Pass()
        return ast.fix_missing_locations(ast.copy_location(bare, node))


def _docstrings(tree: ast.Module) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            match node.body:
                case [ast.Expr(ast.Constant(str()) as text), *_]:
                    yield text


def project() -> dict[str, Any]:
    """pyproject.toml's project table."""
    with open(os.path.join(PROJECT, "pyproject.toml"), "rb") as file:
        table: dict[str, Any] = tomllib.load(file)["project"]
    return table


def _is_wanted(name: str) -> bool:
    licence = ".dist-info/" in name and "LICENSE" in name
    return licence or (name.endswith(".py") and not name.startswith(_UNUSED))


def _read(path: str) -> bytes:
    with open(os.path.join(PROJECT, path), "rb") as file:
        return file.read()


def _wheel(requirement: str) -> str:
    """The wheel of a pinned requirement, from the cache or by pip. Exits with the remedy if neither has it."""
    name, _, version = requirement.partition("==")
    folder = cache("wheels")
    pattern = os.path.join(glob.escape(folder), f"{name}-{version}-*.whl")
    if not glob.glob(pattern):
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        if subprocess.run([*command, "--dest", folder, requirement], check=False).returncode != 0:
            sys.exit(f"build.py: no wheel of {requirement}: install pip, or put the wheel into {folder}")
    return glob.glob(pattern)[0]
