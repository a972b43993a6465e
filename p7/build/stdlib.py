"""The standard library's modules that p7 needs: the one list of the static and the frozen form.

It is computed, not kept by hand: what p7's sources and click name in an import statement, wherever it
stands, and all that these modules load in their turn. What follows is what reading the sources cannot tell.
"""

import ast
import subprocess
import sys

from p7.build import sources

# Named in a function that p7 never calls, so not to be packed.
UNUSED = {
    "_ctypes": "p7/linux.py, where there is no _p7 module",
    "getpass": "click's hidden prompts",
    "importlib.metadata": "click's version_option without a version",
    "random": "click's atomic files",
}
# Named in no import statement.
IMPLIED = {
    "encodings.unicode_escape": "a codec by its name, in p7/log.py and p7/sdlogin.py",
}
# Extension modules, and what needs them, that their importers get along without. Some Pythons have them inside.
ABSENT = {
    "_json": "json has the same in Python",
    "_typing": "typing has the same in Python",
    "_uuid": "uuid the same",
    "bz2": "shutil's archives",
    "lzma": "the same",
}
# Imports every name given and prints what that loaded: name, where from, 1 for a package; a line each.
_LOAD = """
import sys
wanted, absent = (argument.split() for argument in sys.argv[1:])
sys.modules.update(dict.fromkeys(set(absent) - set(sys.builtin_module_names)))
for name in wanted:
    __import__(name)
for name, module in list(sys.modules.items()):
    spec = getattr(module, "__spec__", None)
    if spec is not None and spec.name == name:
        print(name, spec.origin, int(hasattr(module, "__path__")))
"""


class Module:
    """A loaded module: `origin` is its source's path, "built-in", or "frozen" (in every libpython)."""

    __slots__ = ("is_package", "name", "origin")

    def __init__(self, name: str, origin: str, is_package: bool) -> None:
        self.name = name
        self.origin = origin
        self.is_package = is_package


def closure() -> list[Module]:
    """All that importing the named modules loads in this Python, sorted by name."""
    wanted = sorted(named() - UNUSED.keys() | IMPLIED.keys())
    command = [sys.executable, "-I", "-S", "-c", _LOAD, " ".join(wanted), " ".join(ABSENT)]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    rows = sorted(line.split(" ") for line in lines)
    return [Module(name, origin, package == "1") for name, origin, package in rows]


def named() -> set[str]:
    """The modules of the standard library that the packed sources name in an import statement."""
    names: set[str] = set()
    for path, source in {**sources.own(), **sources.libraries()}.items():
        if path.endswith(".py"):
            names |= set(_imports(ast.parse(source)))
    return {name for name in names if name.partition(".")[0] in sys.stdlib_module_names} - {"__future__"}


def _imports(node: ast.AST) -> list[str]:
    """The absolute imports below a node, those for type checkers left out."""
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        children: list[ast.AST] = list(node.orelse)
    else:
        children = list(ast.iter_child_nodes(node))
    names = [name for child in children for name in _imports(child)]
    if isinstance(node, ast.Import):
        names += [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
        names.append(node.module)
    return names
