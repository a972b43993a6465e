"""What the start-up benchmark starts: every applet, in every form, doing its real work, and what to hold it against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.bench import spawn
from tests.bench.results import FLOOR

PYTHON = "/usr/bin/python3"


class Case(NamedTuple):
    """A program, when its start is over (spawn.UNTIL), untimed shell commands before and after, its environment."""

    argv: Sequence[str]
    until: str = "exit"
    before: str = ""
    after: str = ""
    environment: Mapping[str, str] = {}


FLOORS = {
    FLOOR: Case([PYTHON, "-I", "-S", "-c", "pass"]),
    "busybox true": Case(["/bin/busybox", "true"]),
}

INSTALLED_TOML = "/run/p7.toml"
"""Where startup.py puts the file that `build.py install` makes."""

# Names of applets, with what a program is to start. "first run" does all the work; without, it is found done.
ROOT = {
    "cgroup-delegate, first run": Case(
        ["cgroup-delegate"], before="cd /sys/fs/cgroup; [ ! -e user.slice ] || find user.slice -depth -type d -delete"
    ),
    "cgroup-delegate": Case(["cgroup-delegate"]),
    "lainos-ghost-units, first run": Case(
        ["lainos-ghost-units"],
        before="umount -q /run/user/1000 || :; cd /run/systemd; rm -rf users sessions seats machines shutdown inhibit",
    ),
    "lainos-ghost-units": Case(["lainos-ghost-units"]),
    "lainos-ghost-units, with the installed p7.toml": Case(
        ["lainos-ghost-units"], before=f"cp {INSTALLED_TOML} /etc/lainos/p7.toml", after="rm /etc/lainos/p7.toml"
    ),
    "lainos-net-init, first run": Case(
        ["lainos-net-init"],
        before="cd /proc/sys/net/ipv4/conf; for name in *; do cd $name; echo 0 >rp_filter; echo 0 >log_martians;"
        "for key in accept_redirects secure_redirects send_redirects accept_source_route; do echo 1 >$key; done;"
        "cd ..; done",
    ),
    "lainos-net-init": Case(["lainos-net-init"]),
    "lainos-notifyd, to ready": Case(["lainos-notifyd", "--ready-fd", str(spawn.READY_FD)], "ready"),
    "lainos-dbus-bridge, to answering": Case(["lainos-dbus-bridge"], "answers"),
}
# lainos-init starts the session's bus where none answers, and the broker ends that bus with the session.
_COMPOSITOR = {"P7_COMPOSITOR": "/bin/true"}
_BUS = "cd /run/user/1000; [ -e pid ] || dbus-daemon --session --address=unix:path=$PWD/bus --fork --print-pid >pid"
_NO_BUS = "cd /run/user/1000; [ ! -e pid ] || kill $(cat pid); rm -f pid bus"
# What the broker and lainos-init's helper do after a session's end must not be timed with the next program.
_OVER = """timeout 10 sh -c '
while grep -q ^LEADER= /run/systemd/sessions/1 || grep -q . /sys/fs/cgroup$0/services/cgroup.procs; do sleep 0.01; done
' /user.slice/user-1000.slice/session-1.scope"""
# The rounds before the first that counts have PipeWire come up; it needs a bus that does not end with a session.
_SOUND = {"XDG_RUNTIME_DIR": "/run/user/1000", "DBUS_SESSION_BUS_ADDRESS": "unix:path=/run/user/1000/sound-bus"}
_SOUND_BUS = "cd /run/user/1000; [ -e sound-bus ] || dbus-daemon --session --address=unix:path=$PWD/sound-bus --fork"
USER = {
    "lainos-init, first run": Case(["lainos-init"], before=_NO_BUS, after=_OVER, environment=_COMPOSITOR),
    "lainos-init": Case(["lainos-init"], before=_BUS, after=_OVER, environment=_COMPOSITOR),
    "lainos-audio-init": Case(["lainos-audio-init"], before=_SOUND_BUS, environment=_SOUND),
}
_ENDED = 'timeout 10 sh -c "while pkill -x $name; do sleep 0.01; done"'
_NO_SOUND = f"for name in pipewire-pulse wireplumber pipewire; do {_ENDED}; done"  # of the bench's own namespace
SOUND = {"lainos-audio-init": Case(["lainos-audio-init"], "returns", f"{_SOUND_BUS}; {_NO_SOUND}", environment=_SOUND)}
NEEDS = {"lainos-audio-init": "/usr/bin/wireplumber"}
"""Cases that are left out where a program is not installed."""


def of_forms(cases: Mapping[str, Case], artifacts: Mapping[str, Path]) -> dict[str, Case]:
    """Every case in every form, `NAME: FORM`, and the floors that are installed."""
    floors = {name: case for name, case in FLOORS.items() if Path(case.argv[0]).exists()}
    return floors | {
        f"{name}: {form}": case._replace(argv=[str(path), *case.argv])
        for name, case in cases.items()
        if Path(NEEDS.get(name, "/")).exists()
        for form, path in artifacts.items()
    }
