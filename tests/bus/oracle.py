"""Real elogind of Debian trixie on a bus of its own, to be asked the same questions as the bridge."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from tempfile import mkdtemp
from types import TracebackType
from typing import Self

from tests.bus.client import (
    Client,
    wait_for,
)
from tests.bus.machine import MORE, POWER
from tests.lab import bus, tree
from tests.lab.boot import cgroup2, joined, populated, until
from tests.lab.private import PASSWD
from tests.need import missing

PACKAGES = ("elogind", "libelogind0")
_SETUP = """
mount --make-rprivate /
mount -t overlay -o "lowerdir=$1/layer:$2:$3,upperdir=$1/upper,workdir=$1/work" overlay "$1/root"
cd "$1/root"
mount --rbind /dev dev
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
{power}mount -t cgroup2 none sys/fs/cgroup
mount -t tmpfs -o mode=0755 tmpfs run
mkdir run/dbus run/systemd
mount --bind "$1/bus" mnt
sleep 600 & echo $!
chroot . dbus-daemon --config-file=/mnt/bus.conf --nofork --nopidfile --print-address &
until [ -S run/dbus/system_bus_socket ]; do sleep 0.02; done
chroot . /usr/lib/polkit-1/polkitd --no-debug &
exec chroot . /usr/libexec/elogind
"""


class Elogind:
    """elogind and polkitd with one session of user lain: greetd's, on seat0 and tty1, as the bridge has it."""

    def __enter__(self) -> Self:
        packages, base = unpacked(), tree.tree()
        self._work = work = Path(mkdtemp(prefix="p7-elogind-"))
        work.chmod(0o755)
        self._lay_out(base)
        self.address = f"unix:path={work}/bus/bus"
        self.cgroup = cgroup2() / work.name
        self.cgroup.mkdir()
        unshare = ["unshare", "--mount", "--pid", "--fork", "--kill-child=KILL", "--cgroup", "--ipc", "--net"]
        script = _SETUP.format(power=POWER.replace("/sys", "sys"))
        setup = ["sh", "-ec", script, "sh", *map(str, (work, packages, base))]
        self._process = subprocess.Popen(
            joined(self.cgroup, ["setpriv", "--pdeathsig=KILL", *unshare, *setup]),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            self._wait()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()
        shutil.rmtree(self._work)
        until(lambda: not populated(self.cgroup), 10, "elogind's processes are gone")
        for folder, _, _ in os.walk(self.cgroup, topdown=False):
            os.rmdir(folder)

    def _lay_out(self, base: Path) -> None:
        """What is put over the tree, and what its bus is told."""
        for name in ("layer/etc", "upper", "work", "root", "bus"):
            (self._work / name).mkdir(parents=True)
        users = [line for line in PASSWD.splitlines(keepends=True) if line.startswith(("lain:", "arisu:"))]
        (self._work / "layer/etc/passwd").write_text((base / "etc/passwd").read_text() + "".join(users))
        (self._work / "layer/etc/machine-id").write_text("0123456789abcdef0123456789abcdef\n")
        # The bridge's policy, for elogind's own hides from us what it would answer.
        shutil.copy(bus.POLICY, self._work / "bus/policy.conf")
        (self._work / "bus/bus.conf").write_text(bus.config("/mnt/bus", policy="/mnt/policy.conf", more=MORE))

    def _wait(self) -> None:
        """Until both serve, and the session is there."""
        assert self._process.stdout is not None
        leader = self._process.stdout.readline()
        assert self._process.stdout.readline(), self._process.communicate()[1]
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text()
        self.pid = int(children)
        self._client = self.client(0)
        wait_for(self._client.has_owner)
        wait_for(lambda: self._client.has_owner("org.freedesktop.PolicyKit1"))
        self._create_session(int(leader))
        self.scope = self.cgroup / f"user.slice/user-1000.slice/session-{self.session[0]}.scope"

    def client(self, uid: int) -> Client:
        """Someone on its bus."""
        return Client(self.address, uid)

    def _create_session(self, leader: int) -> None:
        """As pam_elogind does; the session lasts as long as the descriptor that comes back."""
        values = (1000, leader, "greetd", "wayland", "user", "sway", "seat0", 1, "tty1", "", False, "", "", [])
        self.session = self._client.call("CreateSession", "uusssssussbssa(sv)", *values)


def unpacked() -> Path:
    """The folder with elogind's packages unpacked; downloaded once, with apt's own checks."""
    target = tree.cache() / f"elogind-{tree.SUITE}"
    with tree.locked(target.with_suffix(".lock")):
        if not target.exists():
            _download(target)
    return target


def _download(target: Path) -> None:
    partial = target.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    for name in ("lists/partial", "cache/archives/partial", "debs", "root"):
        (partial / name).mkdir(parents=True)
    keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
    (partial / "sources.list").write_text(f"deb [signed-by={keyring}] {tree.mirror()} {tree.SUITE} main\n")
    options = [
        f"Dir::State::lists={partial}/lists",
        f"Dir::Cache={partial}/cache",
        f"Dir::Etc::sourcelist={partial}/sources.list",
        "Dir::Etc::sourceparts=/nonexistent",
    ]
    apt = ["apt-get", "-q", *(f"-o{option}" for option in options)]
    for command in ([*apt, "update"], [*apt, "download", *PACKAGES]):
        done = subprocess.run(command, cwd=partial / "debs", capture_output=True, text=True, check=False)
        if done.returncode != 0:
            missing("elogind cannot be downloaded", done.stderr.strip().rpartition("\n")[2])
    for package in (partial / "debs").glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", package, partial / "root"], check=True)
    (partial / "root").rename(target)
    shutil.rmtree(partial)
