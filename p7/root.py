"""Root: the folder that stands for / in everything an applet reads or writes."""

import os


class Root:
    """A prefix for absolute paths. `Root("/")` is the running system; tests and images name another folder.

    A value that is passed in, never an environment variable: nothing outside the command line can redirect a process
    that runs as root.
    """

    __slots__ = ("prefix",)

    def __init__(self, prefix: str = "/") -> None:
        self.prefix = os.path.abspath(prefix).rstrip("/")

    def path(self, path: str) -> str:
        """The real path of `path`, which is absolute inside this root."""
        return self.prefix + path

    def read(self, path: str) -> str:
        """The text of a small file, bytes that are no UTF-8 kept as surrogates. Raises OSError."""
        with open(self.prefix + path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()

    def read_or(self, path: str, default: str) -> str:
        """The text of a small file, or `default` where it is missing or cannot be read."""
        try:
            return self.read(path)
        except OSError:
            return default

    def __repr__(self) -> str:
        return f"Root({self.prefix or '/'!r})"


SYSTEM = Root("/")
