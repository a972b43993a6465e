"""The virtual terminal's node: the user's while a session runs on it, so that Xorg without root can open it.

It is root's otherwise, as udev makes it, so giving it back needs no memory of what was before.
"""

import os
import stat

from p7 import log, proc
from p7.root import Root

_TTY_MAJOR = 4  # console(4)


def give(root: Root, number: int, uid: int, pid: int) -> bool:
    """Make /dev/ttyN the user's if it is the process's controlling terminal: whoever asks must be on it."""
    if _controlling_terminal(root, pid) != os.makedev(_TTY_MAJOR, number):
        log.warning(f"process {pid} does not run on /dev/tty{number}, which therefore stays root's")
        return False
    return _own(root, number, uid)


def take_back(root: Root, number: int, uid: int) -> None:
    """Make it root's again if it is the user's."""
    if _owner(root, number) == uid:
        _own(root, number, 0)


def _own(root: Root, number: int, uid: int) -> bool:
    path = root.path(f"/dev/tty{number}")
    if _owner(root, number) < 0:
        log.error(f"{path}: not the virtual terminal of that number")
        return False
    try:
        os.chown(path, uid, -1, follow_symlinks=False)
    except OSError as error:
        log.error(f"{path}: {error.strerror}")
        return False
    return True


def _owner(root: Root, number: int) -> int:
    """The uid that owns /dev/ttyN, -1 if that is not the virtual terminal."""
    try:
        node = os.lstat(root.path(f"/dev/tty{number}"))
    except OSError:
        return -1
    return node.st_uid if stat.S_ISCHR(node.st_mode) and node.st_rdev == os.makedev(_TTY_MAJOR, number) else -1


def _controlling_terminal(root: Root, pid: int) -> int:
    """tty_nr of proc_pid_stat(5) as a device number; 0 for none."""
    fields = proc.stat(root, pid)
    number = int(fields[4]) if len(fields) > 4 else 0
    return os.makedev((number >> 8) & 0xFFF, (number & 0xFF) | ((number >> 12) & 0xFFF00))
