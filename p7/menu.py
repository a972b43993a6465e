"""What `p7` itself does: list the applets, and install the links to them."""

import os
import sys

from p7 import Failure, dispatch, log


def show() -> int:
    """Print each applet with its summary, the first line of its module's docstring."""
    for name in (*dispatch.APPLETS, *dispatch.TOOLS):
        print(f"{name:20} {summary(name)}")
    return 0


def summary(name: str) -> str:
    """One line, without a full stop, about one applet."""
    return (dispatch.load(name).__doc__ or "").partition("\n")[0].rstrip(".")


def own_path() -> str:
    """The absolute path of the running artifact. Raises Failure when p7 runs from its source tree."""
    # PyInstaller sets sys.frozen, _p7 is in the static form only; the zipapp puts itself last on the module path.
    has_interpreter = getattr(sys, "frozen", False) or "_p7" in sys.builtin_module_names
    path: str = sys.executable if has_interpreter else sys.path[-1]
    if not os.path.isfile(path):
        raise Failure("this is the source tree: build dist/p7 with build.py, and install that")
    return path


def install(folder: str, symbolic: bool) -> int:
    """Link every applet's name in `folder` to this program, as busybox --install does: hard links, or symbolic."""
    target, status = own_path(), 0
    for name in dispatch.LINKS:
        link = os.path.join(folder, name)
        if _is_link_to(link, target, symbolic):
            continue
        try:
            os.symlink(target, link) if symbolic else os.link(target, link)
        except OSError as error:
            log.error(f"{link}: {error.strerror}")
            status = 1
    return status


def _is_link_to(link: str, target: str, symbolic: bool) -> bool:
    try:
        return os.readlink(link) == target if symbolic else os.path.samestat(os.lstat(link), os.stat(target))
    except OSError:
        return False
