"""The inhibitors' files, /run/systemd/inhibit/NUMBER: what a bridge that is started anew knows of those that are held.

KEY=VALUE lines, as in the session's file. The broker writes them, and what is in them the facade has said.
"""

import os

from p7 import ops, sdlogin
from p7.root import Root

FOLDER = "/run/systemd/inhibit"
MAX = 8192  # InhibitorsMax, as logind.conf(5) has it by default; numbers are below it
KEYS = ("PIPE", "WHAT", "WHO", "WHY", "MODE", "UID", "PID")  # PIPE is an inode on pipefs


def write(root: Root, number: int, values: list[str]) -> None:
    """One file, with a value for each of KEYS. Raises OSError or Failure."""
    lines = (f"{key}={sdlogin.escape(value)}\n" for key, value in zip(KEYS, values, strict=True))
    ops.Write(f"{FOLDER}/{number}", "".join(lines)).apply(root)


def remove(root: Root, number: int) -> None:
    """The file of an inhibitor that is let go of; there may be none. Raises OSError."""
    try:
        os.unlink(root.path(f"{FOLDER}/{number}"))
    except FileNotFoundError:
        pass


def read(root: Root) -> dict[int, dict[str, str]]:
    """What the files say, by their number."""
    found = {}
    for name in os.listdir(root.path(FOLDER)) if os.path.isdir(root.path(FOLDER)) else ():
        if name.isdecimal() and len(name) <= len(str(MAX)):
            values = sdlogin.parse(root.read_or(f"{FOLDER}/{name}", ""))
            found[int(name)] = {key: sdlogin.unescape(values[key]) for key in values}
    return found
