"""The process that runs this hook: pacman, or another program with libalpm; and what it can be asked.

A hook is told names. Which archives are meant only the parent's command line, its open folders and pacman's
settings tell. The hook is in a chroot where pacman has --root; all paths here are the parent's, seen through /proc.
"""

from __future__ import annotations

import os
import sys
import time

from p7 import Failure, proc
from p7.root import SYSTEM

# The options of pacman(8) that take a value, which is no target.
_VALUED = """
    arch ask assume-installed cachedir color config dbpath gpgdir hookdir ignore ignoregroup logfile overwrite
    print-format root sysroot
""".split()
_SHORT = {"b": "dbpath", "r": "root"}
_MOST_LINKS = 40  # the kernel's own MAXSYMLINKS
_GRAIN = 0.02  # of the times of processes and of files, in s: each is a multiple of a tick, which is 10 ms at most


class Parent:
    """`is_pacman`, whether it `upgrades` files (-U) or the system (`sysupgrades`, -u), its `targets`, and the values
    of its `options`. Raises OSError where /proc does not tell."""

    def __init__(self, pid: str) -> None:
        self.folder = f"/proc/{pid}"
        with open(f"{self.folder}/cmdline", "rb") as file:
            words = [os.fsdecode(word) for word in file.read().split(b"\0")[1:-1]]
        self.is_pacman = os.path.basename(os.readlink(f"{self.folder}/exe")) == "pacman"
        self.upgrades = self.sysupgrades = False
        self.targets: list[str] = []
        self.options: dict[str, list[str]] = {}
        self._rows: list[tuple[str, str, str]] | None = None
        self._parse(words)

    def _parse(self, words: list[str]) -> None:
        """As getopt_long(3) does: options anywhere, shortened names, values joined or in the next word."""
        words = list(words)
        while words:
            word = words.pop(0)
            if word == "--":
                self.targets += words
                return
            if word.startswith("--"):
                self._long(word[2:], words)
            elif word.startswith("-") and word != "-":
                self._short(word[1:], words)
            else:
                self.targets.append(word)

    def _long(self, word: str, words: list[str]) -> None:
        name, equals, value = word.partition("=")
        if len(name) > 1 and "upgrade".startswith(name):
            self.upgrades = True
        self.sysupgrades = self.sysupgrades or (len(name) > 1 and "sysupgrade".startswith(name))
        for option in _VALUED:
            if option.startswith(name) and (equals or words):
                self.options.setdefault(option, []).append(value if equals else words.pop(0))
                return

    def _short(self, letters: str, words: list[str]) -> None:
        for i, letter in enumerate(letters):
            if letter in _SHORT:
                value = letters[i + 1 :] or (words.pop(0) if words else "")
                self.options.setdefault(_SHORT[letter], []).append(value)
                return
            self.upgrades = self.upgrades or letter == "U"
            self.sysupgrades = self.sysupgrades or letter == "u"

    def path(self, path: str, folder: str = "") -> str:
        """A path of the parent's, as this process can open it. A relative one begins at `folder`.

        Links are followed here, one by one: the kernel would look for an absolute one's target in this process's root.
        """
        root = f"{self.folder}/root"
        place = root if path.startswith("/") or not folder else folder
        left = path.split("/")[::-1]
        followed = 0
        while left:
            name = left.pop()
            if name in ("", ".") or (name == ".." and place == root):
                continue
            target = _link(f"{place}/{name}") if followed < _MOST_LINKS else ""
            if target:
                followed += 1
                left += target.split("/")[::-1]
                place = root if target.startswith("/") else place
            elif name == ".." and place.startswith(f"{root}/"):
                place = place.rpartition("/")[0]
            else:
                place = f"{place}/{name}"
        return place

    def absolute(self, path: str) -> str:
        """A path of the parent's; one that begins at its working folder, by way of /proc."""
        there = () if path.startswith("/") else self.places(path)
        return next((place for place in there if os.path.exists(place)), path)

    def places(self, target: str) -> list[str]:
        """Where a file may be that the command line names; libalpm has its first working folder open meanwhile."""
        if target.startswith("/"):
            return [self.path(target)]
        return [self.path(target, folder) for folder in [*self._folders(), f"{self.folder}/cwd"]]

    def _folders(self) -> list[str]:
        descriptors = f"{self.folder}/fd"
        paths = [f"{descriptors}/{fd}" for fd in sorted(os.listdir(descriptors), key=int, reverse=True)]
        return [path for path in paths if os.path.isdir(path)]

    def cached(self, name: str) -> list[str]:
        """Where a file may be that pacman downloaded; "" for the folders themselves."""
        folders = [*self.options.get("cachedir", []), *self.configured("CacheDir")]
        return [place for folder in folders for place in self.places(f"{folder.rstrip('/')}/{name}")]

    def start(self) -> float:
        """When it started, by the clock that files have their times from, or a moment before that."""
        ticks = int(_stat(self.folder.rpartition("/")[2])[19])  # starttime
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
        return time.time() - age - _GRAIN

    def configured(self, option: str) -> list[str]:
        """The values of an option of pacman.conf's."""
        return [value for section, key, value in self._configuration() if (section, key) == ("options", option)]

    def repositories(self) -> list[str]:
        """Those of pacman.conf, in its order."""
        return list(dict.fromkeys(section for section, _, _ in self._configuration() if section != "options"))

    def _configuration(self) -> list[tuple[str, str, str]]:
        """(section, key, value) of all that pacman-conf has to say, asked once. Nothing where it cannot."""
        if self._rows is None:
            section = ""
            self._rows = []
            for line in self._pacman_conf():
                if line.startswith("["):
                    section = line[1:-1]
                key, _, value = line.partition(" = ")
                self._rows.append((section, key, value))
        return self._rows

    def _pacman_conf(self) -> list[str]:
        """The lines of pacman-conf(8), run where the parent is and with its own options."""
        flags = []
        for option, flag in (("config", "--config"), ("root", "--rootdir")):
            for value in self.options.get(option, ()) if self.is_pacman else ():
                flags += [flag, value]
        sys.stdout.flush()
        read_fd, write_fd = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                self._become(["pacman-conf", *flags], write_fd)
            finally:
                os._exit(127)
        os.close(write_fd)
        with open(read_fd, encoding="utf-8", errors="surrogateescape") as file:
            lines = file.read().splitlines()
        os.waitpid(pid, 0)
        return lines

    def _become(self, argv: list[str], output_fd: int) -> None:
        folder_fd = os.open((self._folders() or ["/"])[0], os.O_RDONLY | os.O_DIRECTORY)
        null_fd = os.open("/dev/null", os.O_RDWR) if os.path.exists("/dev/null") else output_fd
        os.chroot(f"{self.folder}/root")
        os.fchdir(folder_fd)
        os.dup2(null_fd, 0)
        os.dup2(output_fd, 1)
        os.dup2(null_fd, 2)
        os.execvpe(argv[0], argv, {**proc.ENVIRONMENT, "LC_ALL": "C"})


def _link(path: str) -> str:
    """Where a link leads; nothing if it is none."""
    try:
        return os.readlink(path)
    except OSError:
        return ""


def find() -> Parent:
    """The process that started this one. PyInstaller's launcher, which has the same executable, is passed over."""
    pid = _stat("self")[1]  # by its number in /proc, which may be of another PID namespace than getppid(2) answers for
    if getattr(sys, "frozen", False):
        pid = _stat(pid)[1]
    try:
        return Parent(pid)
    except OSError as error:
        raise _unseen(f"{error.strerror}: {error.filename}") from None


def _stat(pid: str) -> list[str]:
    """proc.stat() of a process without which there is nothing to go by. Raises Failure."""
    fields = proc.stat(SYSTEM, pid)
    if not fields:
        raise _unseen(f"no /proc/{pid}/stat")
    return fields


def _unseen(why: str) -> Failure:
    return Failure(f"cannot see who runs this hook ({why}): mount /proc")
