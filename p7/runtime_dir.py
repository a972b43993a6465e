"""/run/user/UID: the user's XDG_RUNTIME_DIR (basedir-spec), a small tmpfs that nobody else may enter."""

import os

from p7.identity import User
from p7.ops import Mkdir
from p7.root import Root


class RuntimeDir:
    """The folder, 0700 and the user's, with a tmpfs on it: a full one must not fill /run.

    Under another root than / it is only the folder: mounts belong to a running system.
    """

    __slots__ = ("path", "user")

    def __init__(self, user: User) -> None:
        self.user = user
        self.path = user.runtime_path

    def describe(self) -> str:
        return f"mount {self.path} tmpfs 0700 {self.user.uid}:{self.user.gid} size=10%"

    def apply(self, root: Root) -> None:
        folder = Mkdir(self.path, 0o700, self.user.uid, self.user.gid)
        folder.apply(root)
        path = root.path(self.path)
        if root.prefix or os.path.ismount(path):
            return
        from p7 import linux  # only at the first start of a boot: ctypes is slow to import

        data = f"mode=0700,uid={self.user.uid},gid={self.user.gid},size=10%"
        linux.mount("tmpfs", path, "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, data)
