"""A machine of its own for one test: private mounts, processes and network, a tmpfs on /run, an /etc to write in.

    with Private(toml="[ghosts]\\nbooted = true\\n") as machine:
        machine.run([p7, "lainos-ghost-units"])
        machine.path("/run/systemd/users/1000").read_text()

Applets run in it without --root, as they do on a real system. Nothing outside changes, and leaving the block ends
every process inside, in a cgroup2 hierarchy below a cgroup of its own.
Lighter than tests.lab.boot: no OpenRC, no tree, the machine's own programs; 20 ms.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Self

from tests.lab.boot import cgroup2
from tests.need import missing, need_root

LAIN, LAINOS = 1000, 990
PASSWD = f"""\
root:x:0:0:root:/root:/bin/sh
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
messagebus:x:100:100::/nonexistent:/usr/sbin/nologin
lainos:x:{LAINOS}:{LAINOS}::/nonexistent:/usr/sbin/nologin
lain:x:{LAIN}:{LAIN}:Lain:/home/lain:/bin/sh
arisu:x:1001:1001:Arisu:/home/arisu:/bin/sh
"""

# /dev without log and kmsg: daemons write to stderr, and the machine's own log stays clean.
_SETUP = """
mount --make-rprivate /
ip link set lo up
mount -t overlay -o "lowerdir=/etc,upperdir=$1/etc,workdir=$1/work" overlay /etc
mount -t tmpfs -o mode=0755 tmpfs "$1/dev"
for name in null zero full random urandom tty; do touch "$1/dev/$name"; mount --bind "/dev/$name" "$1/dev/$name"; done
mkdir "$1/dev/shm"
mount --rbind "$1/dev" /dev
ln -s /proc/self/fd /dev/fd
if [ -n "$4" ]; then mkdir "$1/v1"; mount --bind "$4" "$1/v1"; fi
umount --no-mtab --recursive --lazy /sys/fs/cgroup
eval "$3"
mount -t tmpfs -o "mode=0755,$2" tmpfs /run
echo up
exec sleep 600
"""


# What OpenRC's rc_cgroup_mode mounts; "nothing" is its cgroups service switched off. A cgroup namespace may not make
# a hierarchy of version 1, so the machine's first one is shown read-only.
_V1 = "mount -t tmpfs cgroup_root /sys/fs/cgroup; mkdir /sys/fs/cgroup/openrc /sys/fs/cgroup/unified;"
_V1 += 'mount --bind -o ro "$1/v1" /sys/fs/cgroup/openrc;'
_CGROUPS = {
    "nothing": ":",
    "legacy": _V1,
    "hybrid": _V1 + "mount -t cgroup2 none /sys/fs/cgroup/unified",
    "unified": "mount -t cgroup2 none /sys/fs/cgroup",
}


class Private:
    """Namespaces with `passwd` and p7.toml in place; `run_options` are mount options of /run's tmpfs, as size=4k.

    `cgroups` is what is mounted on /sys/fs/cgroup: "unified", "hybrid", "legacy" or "nothing"; never the machine's own.
    """

    def __init__(
        self,
        *,
        passwd: str = PASSWD,
        toml: str | None = None,
        run_options: str = "size=16m",
        cgroups: str = "unified",
    ) -> None:
        self._work = Path(mkdtemp(prefix="p7-private-"))
        for name in ("etc/lainos", "work", "dev"):
            (self._work / name).mkdir(parents=True)
        (self._work / "etc/passwd").write_text(passwd)
        if toml is not None:
            (self._work / "etc/lainos/p7.toml").write_text(toml)
        self._run_options = run_options
        self._mounts = _CGROUPS[cgroups]
        self.cgroup = cgroup2() / self._work.name
        self._started: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Self:
        need_root("namespaces, cgroups and a second user")
        self.cgroup.mkdir()
        unshare = ["unshare", "--mount", "--pid", "--net", "--cgroup", "--fork", "--kill-child=KILL", "--mount-proc"]
        command = [*_join(self.cgroup), "setpriv", "--pdeathsig=KILL", *unshare, "sh", "-ec", _SETUP, "sh"]
        command += [str(self._work), self._run_options, self._mounts, cgroup1() if "v1" in self._mounts else ""]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        if self._process.stdout.readline() != "up\n":
            raise RuntimeError(f"the namespaces did not come up: status {self._process.wait(5)}")
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text()
        self.pid = int(children)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()  # unshare's pdeathsig takes PID 1 along, and that everything inside
        self._process.wait()
        for process in self._started:
            process.kill()  # nsenter stays outside, stopped if what it started was
            process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        shutil.rmtree(self._work)
        _remove(self.cgroup)

    def path(self, inside: str) -> Path:
        """A path inside, as the test reaches it."""
        return Path(f"/proc/{self.pid}/root{inside}")

    def mounts(self) -> str:
        """The mount table inside, as in /proc/mounts."""
        return Path(f"/proc/{self.pid}/mounts").read_text()

    def command(self, argv: Sequence[str | Path], uid: int = 0) -> list[str]:
        """The command line that runs `argv` inside as `uid`."""
        enter = [*_join(self.cgroup), "nsenter", f"--target={self.pid}", "--mount", "--pid", "--net", "--cgroup"]
        user = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--"] if uid else []
        return [*enter, "--", *user, *map(str, argv)]

    def run(self, argv: Sequence[str | Path], uid: int = 0, **keywords: Any) -> subprocess.CompletedProcess[str]:
        """Run to the end, with output as text."""
        keywords = {"timeout": 20, "stdin": subprocess.DEVNULL, **keywords}
        return subprocess.run(self.command(argv, uid), check=False, capture_output=True, text=True, **keywords)

    def start(self, argv: Sequence[str | Path], uid: int = 0, **keywords: Any) -> subprocess.Popen[str]:
        """Start and go on; it ends with the block at the latest."""
        keywords = {"stdin": subprocess.DEVNULL, **keywords}
        process = subprocess.Popen(self.command(argv, uid), text=True, **keywords)
        self._started.append(process)
        return process


def cgroup1() -> str:
    """Where the machine has a hierarchy of version 1; a test that needs one ends where there is none."""
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    folders = [folder for _, folder, kind, *_ in mounts if kind == "cgroup"]
    if not folders:
        missing("this machine has no version 1 cgroups", "they need a kernel booted with them mounted")
    return folders[0]


def _join(cgroup: Path) -> list[str]:
    """The beginning of a command line that moves itself into a cgroup before it becomes the rest."""
    return ["sh", "-ec", 'echo 0 >"$1/cgroup.procs"; shift; exec "$@"', "sh", str(cgroup)]


def _remove(cgroup: Path) -> None:
    """Take a cgroup and those below it away, once the last of its killed processes is gone."""
    for folder, _, _ in os.walk(cgroup, topdown=False):
        for _ in range(100):
            try:
                os.rmdir(folder)
                break
            except OSError:
                time.sleep(0.02)
