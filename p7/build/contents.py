"""What a package of p7 owns: one table of paths, for install and uninstall and for whoever writes a package."""

import functools
import glob
import gzip
import importlib
import os
import subprocess

from applets import lainos_net_init
from p7 import dispatch
from p7.build import DIST, PROJECT, example, licences, man, version
from p7.finalize.plan import GREETD_SOURCE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# form: the artifact's name, and the module of p7.build that builds it
FORMS = {"zipapp": ("p7", "archive"), "static": ("p7-static", "static"), "frozen": ("p7-frozen", "frozen")}
# Folders of rc/ that install as they are; the rest of rc/ is for other packages and tools.
_TREES = ("etc", "usr")


class File:
    """A regular file; what is in it is made only when asked for. A config file may be changed by the administrator."""

    __slots__ = ("config", "data", "mode", "path")

    def __init__(self, path: str, data: "Callable[[], bytes]", mode: int = 0o644, *, config: bool = False) -> None:
        self.path = path
        self.data = data
        self.mode = mode
        self.config = config


class Link:
    """A symlink."""

    __slots__ = ("path", "target")

    def __init__(self, path: str, target: str) -> None:
        self.path = path
        self.target = target


def table(form: str) -> list[File | Link]:
    """Everything, with the program in one of FORMS."""
    return [
        File("/usr/bin/p7", lambda: artifact(form), 0o755),
        *(Link(f"/usr/bin/{name}", "p7") for name in dispatch.LINKS),
        *_rc(),
        File(lainos_net_init.TABLE_PATH, lainos_net_init.TABLE.encode),
        File("/etc/lainos/p7.toml", lambda: example.p7_toml().encode(), config=True),
        *_man(),
        *_documents(),
        *_licences(form),
    ]


def _rc() -> list[File]:
    """rc/ as it stands, scripts executable."""
    files = []
    folder = os.path.join(PROJECT, "rc")
    for top in _TREES:
        for name in sorted(glob.glob(f"{top}/**", root_dir=folder, recursive=True)):
            path = os.path.join(folder, name)
            if os.path.isfile(path):
                mode = 0o755 if os.access(path, os.X_OK) else 0o644
                config = top == "etc" and not name.startswith("etc/init.d/")
                files.append(File(f"/{name}", functools.partial(_read, path), mode, config=config))
    return files


def _man() -> list[File | Link]:
    return [
        *(File(f"/usr/share/man/{path}.gz", functools.partial(_zipped, text)) for path, text in man.pages().items()),
        *(Link(f"/usr/share/man/{path}.gz", f"{page}.gz") for path, page in man.aliases().items()),
    ]


def _documents() -> list[File]:
    names = ["README.md", "CHANGELOG.md", *sorted(glob.glob("docs/*.*", root_dir=PROJECT))]
    paths = {name: os.path.join(PROJECT, name) for name in names if not name.endswith(".json")}
    paths["greetd.toml"] = os.path.join(PROJECT, "rc", GREETD_SOURCE.lstrip("/"))  # to read; `p7 finalize` has its own
    return [File(f"/usr/share/doc/p7/{name}", functools.partial(_read, path)) for name, path in paths.items()]


def _licences(form: str) -> list[File]:
    """Ours, and those of what the artifact has in it."""
    folder = "/usr/share/licenses/p7"
    return [
        File(f"{folder}/LICENSE", lambda: _read(os.path.join(PROJECT, "LICENSE"))),
        *(
            File(f"{folder}/LICENSE.{name}", functools.partial(bytes, data))
            for name, data in licences.libraries().items()
        ),
        *(File(f"{folder}/LICENSE.{name}", functools.partial(licences.text, name)) for name in licences.INSIDE[form]),
    ]


def artifact(form: str) -> bytes:
    """The program; built first if it is missing, older than what it is made from, or of another commit by its words."""
    name, module = FORMS[form]
    path = os.path.join(DIST, name)
    if not os.path.exists(path) or os.path.getmtime(path) < _last_change() or not _is_current(path):
        status: int = importlib.import_module(f"p7.build.{module}").build([])
        if status:
            raise OSError(f"{path}: cannot be built")
    return _read(path)


def _last_change() -> float:
    # rc/ too: p7.seal.core has the names of what is there.
    patterns = ("pyproject.toml", "p7/**/*.py", "p7/*.c", "applets/**/*.py", "rc/**")
    paths = [path for pattern in patterns for path in glob.glob(pattern, root_dir=PROJECT, recursive=True)]
    return max(os.path.getmtime(os.path.join(PROJECT, path)) for path in paths)


def _is_current(path: str) -> bool:
    try:
        done = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return True  # a folder that is noexec: nobody can tell
    return done.stdout == f"p7 {version.current()}\n"


def _zipped(text: str) -> bytes:
    return gzip.compress(text.encode(), mtime=0)


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()
