"""How a booted machine is asked: its one user and session, and commands that run inside."""

from __future__ import annotations

from tests.lab.boot import Boot, until
from tests.lab.tree import CLIENTS

USER = "lain"
UID = 1000
RUNTIME_DIR = f"/run/user/{UID}"
SCOPE = f"/user.slice/user-{UID}.slice/session-1.scope"
DISPLAY = ["env", "DISPLAY=:0", f"XAUTHORITY={RUNTIME_DIR}/Xauthority"]
"""Before a command: a client of the session's X server."""
LOGIN1 = ["org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager"]


def client(name: str) -> str:
    """The path inside of one of systemd's own clients."""
    return f"/{CLIENTS}/usr/bin/{name}"


def ask(boot: Boot, *argv: str, user: str | None = None) -> str:
    """What a command writes; AssertionError with it if it fails."""
    code, output = boot.run(argv, user)
    assert code == 0, f"{' '.join(argv)}: exit {code}: {output.strip()}"
    return output.strip()


def seen(boot: Boot, *argv: str, user: str | None = None, timeout: float = 10) -> str:
    """What a command writes, asked again until it succeeds."""
    last = (1, "")

    def succeeds() -> bool:
        nonlocal last
        last = boot.run(argv, user)
        return last[0] == 0

    until(succeeds, timeout, " ".join(argv), lambda: last[1])
    return last[1].strip()


def compositor(boot: Boot) -> int:
    """The pid of sway inside, once it runs."""
    return int(seen(boot, "pgrep", "--oldest", "--exact", "sway"))


def environment(boot: Boot, pid: int) -> dict[str, str]:
    rows = boot.path(f"proc/{pid}/environ").read_bytes().decode().split("\0")
    return dict(row.split("=", 1) for row in rows if row)


def swaymsg(boot: Boot, *argv: str) -> str:
    """Speak to sway through its socket, as a terminal in the session would."""
    socket = f"SWAYSOCK={RUNTIME_DIR}/sway-ipc.{UID}.{compositor(boot)}.sock"
    return seen(boot, "env", socket, "swaymsg", *argv, user=USER)


def belongs(boot: Boot, pid: str, cgroup: str) -> None:
    groups = ask(boot, "cat", f"/proc/{pid}/cgroup")
    assert f"0::{cgroup}" in groups.splitlines(), f"{pid} is not in {cgroup}:\n{groups}"


def shown(boot: Boot, *argv: str) -> dict[str, str]:
    """loginctl show-*: its properties."""
    rows = ask(boot, client("loginctl"), *argv).splitlines()
    return dict(row.split("=", 1) for row in rows)


def processes(boot: Boot, service: str) -> list[str]:
    """The pids of a daemon, its first process first."""
    return boot.run(["pgrep", "--exact", service[:15]])[1].split()
