"""Configuration that is an administrator's once it is there: written where nothing is lost by it, else beside it."""

import os
import stat
import tomllib
from itertools import count

from p7 import ops
from p7.identity import users
from p7.root import Root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# greetd's own, and Debian 13's; Debian gives the folder as well.
_AGREETY = ("agreety --cmd /bin/sh", "agreety --cmd '${SHELL:-/bin/sh}'")


def put(
    root: Root, path: str, text: str, mode: int, is_unused: "Callable[[str], bool]"
) -> tuple[list[ops.Write], list[str]]:
    """The steps that write a file, and what to say of it.

    What `is_unused` says nobody has set anything in is replaced, and kept as NAME.old; anything else stays, and the
    text goes beside it as NAME.new.
    """
    found = root.read_or(path, text)
    if found == text:
        return [ops.Write(path, text, mode)], []
    if is_unused(found):
        old_mode = stat.S_IMODE(os.stat(root.path(path)).st_mode)
        return [ops.Write(_old(root, path, found), found, old_mode), ops.Write(path, text, mode)], []
    return [ops.Write(f"{path}.new", text, mode)], [f"{path} is yours and stays; {path}.new is what it would have been"]


def _old(root: Root, path: str, text: str) -> str:
    """A name for what is replaced that no other text has."""
    names = (f"{path}.old" if number == 0 else f"{path}.old.{number}" for number in count())
    return next(name for name in names if root.read_or(name, text) == text)


def has_no_rules(doas: str) -> bool:
    """Whether a doas.conf has only comments."""
    return all(line.startswith("#") for line in filter(None, map(str.strip, doas.splitlines())))


def is_not_chosen(root: Root, greetd: str) -> bool:
    """Whether a greetd configuration is nobody's choice for this system.

    It is the one that greetd comes with, which starts agreety for a shell and nothing by itself; or it names a user who
    is not here, as one of a live medium.
    """
    try:
        parsed = tomllib.loads(greetd)
    except ValueError:
        return False  # greetd's own parser takes more than TOML
    sessions = [parsed.get(name, {}) for name in ("default_session", "initial_session")]
    if not all(isinstance(session, dict) for session in sessions):
        return False
    named = {str(session["user"]) for session in sessions if "user" in session}
    command = str(sessions[0].get("command", ""))
    is_shipped = not sessions[1] and command.removeprefix("/usr/sbin/") in _AGREETY
    return is_shipped or not named <= {user.name for user in users(root)}
