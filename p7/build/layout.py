"""build.py install and uninstall: lay out what a package owns below a folder, and take exactly that away.

What the administrator may change, p7.toml and the files of rc.conf.d, is handled as a package manager would: install
leaves a changed one alone and writes the new one beside it as NAME.new, uninstall leaves it where it is. What is in
the way and not p7's stops an install before it has written anything, and survives an uninstall.
"""

import argparse
import os
import sys

from p7.build.contents import FORMS, File, Link, table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# Where this link leads to p7, files at p7's paths are those of an earlier version.
_MARK = Link("/usr/bin/lainos-dbus-bridge", "p7")
# The program alone is known by what is in it: every form of every version has this module's name.
_PROGRAM, _NAME = "/usr/bin/p7", b"p7.dispatch"


def install(args: list[str]) -> int:
    """Lay everything out. 0, or 1 with each path that is not p7's, or the one that could not be written."""
    parser = _parser("install", "Lay out below DIR what a package owns. Running it again changes nothing.")
    forms = parser.add_mutually_exclusive_group()
    for form in FORMS:
        if form != "zipapp":
            forms.add_argument(f"--{form}", dest="form", action="store_const", const=form, help=f"as dist/p7-{form}")
    options = parser.parse_args(args, argparse.Namespace(form="zipapp"))
    try:
        entries = table(options.form)
        foreign = [entry.path for entry in entries if _is_foreign(options.destdir, entry)]
        for path in foreign:
            print(f"build.py install: {options.destdir}{path}: is there and is not p7's", file=sys.stderr)
        if foreign:
            print("build.py install: nothing was written; see which package owns these", file=sys.stderr)
            return 1
        for entry in entries:
            _lay(options.destdir + entry.path, entry)
    except OSError as error:
        return _failed("install", error)
    print(f"{len(entries)} files and links are below {options.destdir or '/'}")
    return 0


def uninstall(args: list[str]) -> int:
    """Take everything away, and each folder that is empty then. 0, or 1 with the path that could not be removed."""
    parser = _parser("uninstall", "Take away what install lays out below DIR, and the folders that are empty then.")
    destdir = parser.parse_args(args).destdir
    if not _is_link_to(destdir + _MARK.path, _MARK.target):
        print(f"p7 is not installed below {destdir or '/'}")
        return 0
    try:
        entries = {entry.path: entry for form in FORMS for entry in table(form)}
        # The program and its links last: what an uninstall that failed has left is p7's to the next one.
        taken = sum(_take(destdir, entry) for entry in reversed(entries.values()))
        folders = {folder for path in entries for folder in _parents(path)}
        for folder in sorted(folders, reverse=True):  # what is inside before what it is in
            _remove_if_empty(destdir + folder)
    except OSError as error:
        return _failed("uninstall", error)
    print(f"{taken} files and links are gone from {destdir or '/'}")
    return 0


def _parser(verb: str, text: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"build.py {verb}", description=text)
    parser.add_argument("--destdir", metavar="DIR", required=True, type=_folder, help="what stands for /")
    return parser


def _folder(path: str) -> str:
    """An absolute path to put another one after; / becomes empty."""
    if not path:
        raise argparse.ArgumentTypeError("is empty; say / for the running system")
    return os.path.abspath(path).rstrip("/")


def _failed(verb: str, error: OSError) -> int:
    where = f"{error.filename}: " if error.filename is not None else ""
    print(f"build.py {verb}: {where}{error.strerror or error}", file=sys.stderr)
    return 1


def _lay(path: str, entry: File | Link) -> None:
    _make_folder(os.path.dirname(path))
    if isinstance(entry, Link):
        _replace(path, lambda new: os.symlink(entry.target, new))
        return
    if _is_changed(path, entry):
        path += ".new"
        print(f"{path}: the new one; yours is as it was")
    _replace(path, lambda new: _write(new, entry))


def _take(destdir: str, entry: File | Link) -> bool:
    """Remove what is p7's; whether there was anything."""
    path = destdir + entry.path
    if isinstance(entry, File) and entry.config:
        _remove(path + ".new")
    if not os.path.lexists(path) or _is_foreign(destdir, entry):
        return False
    if _is_changed(path, entry):
        print(f"{path}: changed, so it stays")
        return False
    _remove(path)
    return True


def _is_foreign(destdir: str, entry: File | Link) -> bool:
    """Whether something is in the way that p7 did not put there, as a package manager would find a conflict."""
    path = destdir + entry.path
    if not os.path.lexists(path):
        return False
    if isinstance(entry, Link):
        return not _is_link_to(path, entry.target)
    if not os.path.isfile(path):
        return True
    if entry.config or (entry.path != _PROGRAM and _is_link_to(destdir + _MARK.path, _MARK.target)):
        return False
    with open(path, "rb") as file:
        there = file.read()
    return _NAME not in there if entry.path == _PROGRAM else there != entry.data()


def _is_link_to(path: str, target: str) -> bool:
    return os.path.islink(path) and os.readlink(path) == target


def _is_changed(path: str, entry: File | Link) -> bool:
    """Whether an administrator has had a hand in a config file."""
    if isinstance(entry, Link) or not entry.config or not os.path.lexists(path):
        return False
    with open(path, "rb") as file:
        return file.read() != entry.data()


def _make_folder(path: str) -> None:
    """With the folders it is in; what is made has mode 0755 whatever the umask, what is there stays as it is."""
    if not os.path.isdir(path):
        _make_folder(os.path.dirname(path))
        os.mkdir(path)
        os.chmod(path, 0o755)


def _replace(path: str, make: "Callable[[str], None]") -> None:
    """Make a file under another name and rename it: a running p7 keeps the old one."""
    new = f"{os.path.dirname(path)}/.{os.path.basename(path)}.p7"
    _remove(new)
    try:
        make(new)
        os.replace(new, path)
    except OSError as error:
        _remove(new)
        raise OSError(error.errno, error.strerror, path) from None


def _write(path: str, entry: File) -> None:
    data = entry.data()
    with open(path, "xb") as file:
        os.fchmod(file.fileno(), entry.mode)
        file.write(data)


def _parents(path: str) -> list[str]:
    """/usr/bin and /usr for /usr/bin/p7."""
    names = path.split("/")
    return ["/".join(names[:count]) for count in range(2, len(names))]


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass


def _remove_if_empty(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path) and not os.listdir(path):
        os.rmdir(path)
