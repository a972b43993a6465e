"""D-Bus's machine id, dbus-uuidgen(1): libdbus reads it before /etc/machine-id, so the two had better be one."""

import os

from p7 import ops
from p7.root import Root

DBUS_ID = "/var/lib/dbus/machine-id"
_ID = "/etc/machine-id"


class DbusId:
    """A link to /etc/machine-id, in place of an id of its own that differs from that."""

    __slots__ = ("path",)

    def __init__(self) -> None:
        self.path = DBUS_ID

    def describe(self) -> str:
        return f"link {DBUS_ID} -> {_ID}"

    def holds(self, root: Root) -> bool:
        try:
            target = os.readlink(root.path(DBUS_ID))
        except FileNotFoundError:
            return False
        except OSError:  # no link
            return root.read_or(DBUS_ID, "").strip() == root.read_or(_ID, "?").strip()
        return os.path.normpath(os.path.join(os.path.dirname(DBUS_ID), target)) == _ID

    def apply(self, root: Root) -> None:
        parent_fd, name = ops.open_parent(root, DBUS_ID)
        temporary = f".#{name}"
        try:
            ops.discard(temporary, parent_fd)
            os.symlink(_ID, temporary, dir_fd=parent_fd)
            os.rename(temporary, name, src_dir_fd=parent_fd, dst_dir_fd=parent_fd)
        finally:
            os.close(parent_fd)
