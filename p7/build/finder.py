"""The zipapp's importer: modules from one block of bytecode; p7/build/archive.py puts both in front of the zip."""

import marshal
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import ModuleType


class Finder:
    """A meta path finder and its loader.

    `table` has the modules: place in the block, size, whether it is a package. The block begins at byte `start`.
    """

    def __init__(self, path: str, start: int, table: dict[str, tuple[int, int, bool]]) -> None:
        self._path = path
        self._start = start
        self._table = table

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> "ModuleSpec | None":
        if name not in self._table:
            return None
        spec = type(sys.__spec__)(name, self, is_package=self._table[name][2])  # type: ignore[arg-type]
        if spec.submodule_search_locations is not None:
            spec.submodule_search_locations.append(f"{self._path}/{name.replace('.', '/')}")
        return spec

    def create_module(self, _spec: "ModuleSpec") -> None:
        """None: an ordinary module."""

    def exec_module(self, module: "ModuleType") -> None:
        place, size, _ = self._table[module.__name__]
        fd = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        code = marshal.loads(os.pread(fd, size, self._start + place))
        os.close(fd)
        exec(code, module.__dict__)  # noqa: S102  # what loaders are for
