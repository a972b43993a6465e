"""A configuration file replaced in one step, its owner and mode kept; and what would change in it, for people."""

from __future__ import annotations

import difflib
import os

from p7 import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from p7.root import Root


def write(root: Root, path: str, text: str) -> None:
    """Put `text` in the place of what the file held. A link is followed, but not out of the root.

    Raises OSError, and Failure for a link that leads out; the file is then as it was.
    """
    real = os.path.realpath(root.path(path))
    if not real.startswith(os.path.realpath(root.prefix or "/").rstrip("/") + "/"):
        raise Failure(f"{root.path(path)}: it is a link out of {root.prefix}, to {real}; change that file by hand")
    status = os.stat(real)
    new = f"{os.path.dirname(real)}/.{os.path.basename(real)}.p7"
    try:
        with open(new, "wb", opener=_exclusive) as file:
            os.fchown(file.fileno(), status.st_uid, status.st_gid)
            os.fchmod(file.fileno(), status.st_mode & 0o7777)
            file.write(text.encode("utf-8", "surrogateescape"))
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, real)
    except OSError as error:
        _discard(new)
        raise OSError(error.errno, error.strerror, real) from None


def _exclusive(path: str, flags: int) -> int:
    _discard(path)  # what a run that was killed left behind
    return os.open(path, flags | os.O_EXCL | os.O_NOFOLLOW, 0o600)


def _discard(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass


def difference(path: str, old: str, new: str) -> Iterator[str]:
    """Lines of a unified diff."""
    before, after = (text.splitlines(keepends=True) for text in (old, new))
    for line in difflib.unified_diff(before, after, path, path):
        # surrogates stand for bytes that are no UTF-8; a line may be the last and have no end
        yield line.encode("utf-8", "backslashreplace").decode().rstrip("\r\n") + "\n"
