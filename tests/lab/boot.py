"""A boot: the tree under an overlay, in namespaces of its own, with the real openrc-init as PID 1.

    with Boot([layer, tree()]) as boot:
        boot.wait_runlevel("default")
        code, output = boot.run(["rc-status", "--all"])

Leaving the block kills PID 1, and with it everything that was started or mounted inside.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from signal import SIGKILL
from tempfile import mkdtemp
from types import TracebackType
from typing import Self

POWER_OFF = 130
"""wait_exit() after a power-off: PID 1 of a namespace that calls reboot(2) dies of SIGINT."""
REBOOT = 129
"""wait_exit() after a reboot: of SIGHUP."""

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
NAMESPACES = ["--pid", "--mount", "--uts", "--ipc", "--net", "--cgroup"]
JOIN = 'echo 0 >"$1/cgroup.procs"; shift; exec "$@"'
PID1 = Path(__file__).with_name("pid1.sh")


class Boot:
    """One boot of an overlay of read-only folders, the uppermost first, the tree last."""

    def __init__(self, layers: Sequence[Path]) -> None:
        self.layers = layers

    def __enter__(self) -> Self:
        self.work = Path(mkdtemp(prefix="p7-boot-"))
        self.log = self.work / "log"
        for folder in (self.log, self.work / "root"):
            folder.mkdir()
        self.cgroup = cgroup2() / self.work.name
        self.cgroup.mkdir()
        lower = ":".join(str(layer) for layer in self.layers)
        # Should this program die, the namespaces die with it.
        guard = ["setpriv", "--pdeathsig=KILL", "unshare", "--fork", "--kill-child=KILL", *NAMESPACES]
        command = joined(self.cgroup, [*guard, "sh", "-e", str(PID1), lower, str(self.work)])
        with (self.log / "console").open("ab") as console:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=console, stderr=subprocess.STDOUT)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            os.kill(self.pid1(), SIGKILL)  # unshare reaps it and follows
        except (OSError, ValueError):
            self.process.kill()
        self.process.wait()
        until(lambda: not populated(self.cgroup), 10, "the boot's processes are gone")
        for folder, _, _ in os.walk(self.cgroup, topdown=False):
            os.rmdir(folder)
        shutil.rmtree(self.work)

    def pid1(self) -> int:
        """The process id that PID 1 has on the machine."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return int(children)

    def path(self, inside: str) -> Path:
        """A path of the boot, as the machine reaches it while PID 1 lives.

        Some files of /proc depend on who reads them (cgroup, sys/net): run() cat for those.
        """
        return Path(f"/proc/{self.pid1()}/root") / inside.lstrip("/")

    def console(self) -> str:
        return (self.log / "console").read_text(errors="replace")

    def wait_runlevel(self, name: str, timeout: float = 30) -> None:
        """Wait until a runlevel's services were all started, or tried."""

        def reached() -> bool:
            if self.process.poll() is not None:
                raise AssertionError(f"the boot ended with {self.process.returncode}:\n{self.console()}")
            try:
                level = self.path("run/openrc/softlevel").read_text().strip()
                return level == name and not self.path("run/openrc/rc.starting").exists()
            except (OSError, ValueError):
                return False

        until(reached, timeout, f"runlevel {name} is reached", self.console)

    def wait_exit(self, timeout: float = 30) -> int:
        """The exit status of PID 1: POWER_OFF, REBOOT, or 137 when something killed it."""
        code = self.process.wait(timeout)
        # unshare dies of what its child died of; a shell would tell it this way.
        return code if code >= 0 else 128 - code

    def command(self, argv: Iterable[str], user: str | None = None, env: Mapping[str, str] | None = None) -> list[str]:
        """A command line of the machine that runs argv inside, as root or as a user outside any session."""
        home = f"/home/{user}" if user else "/root"
        whole = {"PATH": PATH, "HOME": home, "USER": user or "root", "LANG": "C.UTF-8", **(env or {})}
        enter = ["nsenter", f"--target={self.pid1()}", *NAMESPACES, "env", "-i"]
        enter += [f"{key}={value}" for key, value in whole.items()]
        if user:
            enter += ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups"]
        lab = self.cgroup / "lab"
        lab.mkdir(exist_ok=True)
        return joined(lab, [*enter, *argv])

    def run(
        self,
        argv: Sequence[str],
        user: str | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float = 10,
    ) -> tuple[int, str]:
        """Run a command inside; its exit status (124: out of time) and all it wrote."""
        limited = ["timeout", "--kill-after=1", str(timeout), *argv]
        done = subprocess.run(
            self.command(limited, user, env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout + 5,
            check=False,
        )
        return done.returncode, done.stdout


def cgroup2() -> Path:
    """Where the machine has its cgroup2 hierarchy; LookupError if nowhere."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, folder, kind, *_ = line.split()
        if kind == "cgroup2":
            return Path(folder)
    raise LookupError("no cgroup2 is mounted")


def joined(cgroup: Path, argv: Sequence[str]) -> list[str]:
    """A command line that moves itself into a cgroup before it becomes argv."""
    return ["sh", "-ec", JOIN, "sh", str(cgroup), *argv]


def populated(cgroup: Path) -> bool:
    return "populated 1" in (cgroup / "cgroup.events").read_text()


def until(true: Callable[[], bool], timeout: float, what: str, context: Callable[[], str] = lambda: "") -> None:
    """Ask every 20 ms; AssertionError that says what never came true, after timeout seconds."""
    end = time.monotonic() + timeout
    while not true():
        if time.monotonic() > end:
            raise AssertionError(f"not within {timeout} s: {what}\n{context()}")
        time.sleep(0.02)
