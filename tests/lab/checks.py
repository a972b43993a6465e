"""What is true of a booted machine: each check returns a few words of what it saw or raises AssertionError.

`build.py boot` prints them as a table, tests/boot/ runs them as tests. They need `[ghosts] booted = true`, without
which the real loginctl refuses to ask, and run in this order.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from tests.lab.boot import POWER_OFF, Boot, until
from tests.lab.inside import (
    LOGIN1,
    RUNTIME_DIR,
    SCOPE,
    UID,
    USER,
    ask,
    belongs,
    client,
    compositor,
    environment,
    processes,
    seen,
    shown,
    swaymsg,
)
from tests.lab.stage import RUNLEVELS

BUG = "internal error"
"""What p7 logs of an exception that it did not expect."""


def default_reached(boot: Boot) -> str:
    boot.wait_runlevel("default")
    return "sysinit, boot, default"


def services_started(boot: Boot) -> str:
    """OpenRC says that every service of a runlevel is started, and that no daemon had to be restarted."""
    rows = ask(boot, "rc-status", "--all", "--format", "ini")
    # "dbus = started 00:00:02 (0)": the time and the restarts since, for what supervise-daemon looks after.
    states = dict(re.findall(r"^(\S+) = *(.*?) *$", rows, re.MULTILINE))
    wanted = [service for services in RUNLEVELS.values() for service in services]
    wrong = [name for name in wanted if not re.fullmatch(r"started( .*\(0\))?", states.get(name, ""))]
    assert not wrong, ", ".join(f"{name} {states.get(name)}" for name in wrong)
    return f"{len(wanted)} services"


def login1_answers(boot: Boot) -> str:
    """Asked until it does: OpenRC before 0.62 reaches its runlevel without waiting for the bridge's name."""
    return seen(boot, client("busctl"), "call", *LOGIN1, "ListSeats")


def logged_in(boot: Boot) -> str:
    """lainos-init became sway: greetd's worker is its parent, and its environment is the session's."""
    pid = compositor(boot)
    parent = ask(boot, "ps", "-o", "args=", "-p", ask(boot, "ps", "-o", "ppid=", "-p", str(pid)))
    assert "greetd --session-worker" in parent, parent
    env = environment(boot, pid)
    wanted = {
        "XDG_SESSION_ID": "1",
        "XDG_SEAT": "seat0",
        "XDG_SESSION_TYPE": "wayland",
        "XDG_SESSION_CLASS": "user",
        "XDG_RUNTIME_DIR": RUNTIME_DIR,
        "DBUS_SESSION_BUS_ADDRESS": f"unix:path={RUNTIME_DIR}/bus",
    }
    wrong = {key: env.get(key) for key, value in wanted.items() if env.get(key) != value}
    assert not wrong, f"sway's environment has {wrong}"
    return f"sway, pid {pid}, under greetd"


def sway_answers(boot: Boot) -> str:
    return swaymsg(boot, "-t", "get_version", "--pretty").splitlines()[0]


def session_bus_answers(boot: Boot) -> str:
    """The bus that the session's environment names is there."""
    address = f"--address=unix:path={RUNTIME_DIR}/bus"
    names = seen(boot, client("busctl"), address, "--no-legend", "list", user=USER)
    return f"{len(names.splitlines())} names"


def in_scope(boot: Boot) -> str:
    """sway and what it starts is in the session's scope of the cgroup2 hierarchy, the session bus in services below."""
    sway = str(compositor(boot))
    swaymsg(boot, "exec", "sleep", "1000")
    child = seen(boot, "pgrep", "--full", "--exact", "--oldest", "sleep 1000")
    belongs(boot, sway, SCOPE)
    belongs(boot, child, SCOPE)
    belongs(boot, ask(boot, "pgrep", "--exact", "dbus-daemon", "--uid", USER), f"{SCOPE}/services")
    return SCOPE


def told(properties: dict[str, str], **wanted: str) -> None:
    wrong = {key: properties.get(key) for key, value in wanted.items() if properties.get(key) != value}
    assert not wrong, f"loginctl says {wrong}, not {wanted}"


def loginctl_lists(boot: Boot) -> str:
    row = ask(boot, client("loginctl"), "list-sessions", "--no-legend")
    assert row.split()[:4] == ["1", str(UID), USER, "seat0"], row
    seat = ask(boot, client("loginctl"), "list-seats", "--no-legend")
    assert seat == "seat0", seat
    user = ask(boot, client("loginctl"), "list-users", "--no-legend")
    assert user.split()[:2] == [str(UID), USER], user
    return row


def loginctl_shows(boot: Boot) -> str:
    leader = str(compositor(boot))
    told(
        shown(boot, "show-session", "1"),
        **{"Id": "1", "User": str(UID), "Name": USER, "Seat": "seat0", "Type": "wayland", "Class": "user"},
        **{"State": "active", "Active": "yes", "Leader": leader, "Desktop": "sway", "LockedHint": "no"},
    )
    told(
        shown(boot, "show-user", USER),
        **{"UID": str(UID), "Name": USER, "State": "active", "Sessions": "1", "Display": "1"},
        **{"RuntimePath": RUNTIME_DIR},
    )
    told(shown(boot, "show-seat", "seat0"), Id="seat0", ActiveSession="1", Sessions="1")
    return f"session 1, leader {leader}"


def loginctl_describes(boot: Boot) -> str:
    """The *-status verbs walk the scope and the devices too."""
    session = ask(boot, client("loginctl"), "session-status", "1")
    assert "session-1.scope" in session and "sway" in session, session
    user = ask(boot, client("loginctl"), "user-status", USER)
    assert "user-1000.slice" in user, user
    seat = ask(boot, client("loginctl"), "seat-status", "seat0")
    assert "Sessions: *1" in seat, seat
    return "session-status, user-status, seat-status"


def inhibitor_seen(boot: Boot) -> str:
    """One is listed while systemd-inhibit's command runs, and gone after."""
    inhibit = [client("systemd-inhibit"), "--what=sleep", "--who=lab", "--why=to see", "--mode=block"]
    listing = [client("systemd-inhibit"), "--list", "--no-legend"]
    held = ask(boot, *inhibit, *listing, user=USER)
    assert re.search(rf"^lab +{UID} +{USER} .* sleep +to see +block", held, re.MULTILINE), held
    left = ask(boot, *listing)
    assert "lab" not in left.split(), left
    return "listed while held, gone after"


def lock_reaches_swayidle(boot: Boot) -> str:
    """swayidle, started inside the session, runs its lock command when somebody locks the session."""
    mark = f"{RUNTIME_DIR}/locked"
    swaymsg(boot, "exec", f"swayidle -w lock 'touch {mark}' unlock 'rm {mark}'")
    seen(boot, "pgrep", "--exact", "swayidle")
    seen(boot, "sh", "-c", f"{client('loginctl')} lock-session 1 && sleep 0.1 && test -e {mark}")
    seen(boot, "sh", "-c", f"{client('loginctl')} unlock-session 1 && sleep 0.1 && ! test -e {mark}")
    return "lock and unlock"


def ready_is_logged(boot: Boot) -> str:
    """rsyslogd said READY to lainos-notifyd, through the NOTIFY_SOCKET of its conf.d file."""
    return seen(boot, "grep", "--only-matching", r"lainos-notifyd.*rsyslogd.*READY", "/var/log/syslog")


def network_is_set(boot: Boot) -> str:
    """lainos-net-init's sysctls, one for each family."""
    wanted = {
        "ipv4/conf/all/rp_filter": "1",
        "ipv4/tcp_syncookies": "1",
        "ipv6/conf/all/accept_redirects": "0",
    }
    values = {key: ask(boot, "cat", f"/proc/sys/net/{key}") for key in wanted}
    assert values == wanted, values
    return f"{len(wanted)} sysctls"


def audio_starts(boot: Boot) -> str:
    """lainos-audio-init brings pipewire, wireplumber and pipewire-pulse up, by sway's own configuration."""
    belongs(boot, seen(boot, "pgrep", "--exact", "wireplumber"), f"{SCOPE}/services")
    server = f"PULSE_SERVER=unix:{RUNTIME_DIR}/pulse/native"
    rows = seen(boot, "env", server, f"XDG_RUNTIME_DIR={RUNTIME_DIR}", "pactl", "info", user=USER)
    return next(row for row in rows.splitlines() if row.startswith("Server Name"))


def comes_back(boot: Boot, service: str) -> str:
    """Whichever process is killed, the whole daemon is new within two seconds; ten times that is let pass."""
    count = len(processes(boot, service))
    assert count, f"no {service} runs"
    for victim in range(count):
        before = processes(boot, service)
        ask(boot, "kill", "-KILL", before[victim])
        until(
            partial(is_renewed, boot, service, before),
            20,
            f"{service} is back with {count} processes after the death of number {victim + 1}",
        )
    return f"{count} process{'es, each killed' if count > 1 else ''}"


def is_renewed(boot: Boot, service: str, before: list[str]) -> bool:
    now = processes(boot, service)
    return len(now) == len(before) and not set(now) & set(before)


def bridge_comes_back(boot: Boot) -> str:
    found = comes_back(boot, "lainos-dbus-bridge")
    seen(boot, client("loginctl"), "list-sessions")
    return found


def notifyd_comes_back(boot: Boot) -> str:
    found = comes_back(boot, "lainos-notifyd")
    seen(boot, "env", "NOTIFY_SOCKET=/run/systemd/notify", client("systemd-notify"), "--ready")
    return found


def power_off(boot: Boot) -> str:
    """The session's user asks for it over D-Bus, and PID 1 ends as a power-off ends it."""
    ask(boot, client("busctl"), "call", *LOGIN1, "PowerOff", "b", "false", user=USER)
    code = boot.wait_exit()
    assert code == POWER_OFF, f"PID 1 ended with {code}\n{boot.console()}"
    return "powered off"


def logs_are_clean(boot: Boot) -> str:
    """Nothing p7 wrote until the very end reports a bug in it."""
    texts = {file.name: file.read_text(errors="replace") for file in boot.log.iterdir() if file.is_file()}
    bugs = [f"{name}: {line}" for name, text in texts.items() for line in text.splitlines() if BUG in line]
    assert "lainos-dbus-bridge" in texts["syslog"] and not bugs, "\n".join(bugs)
    return "no internal error"


CHECKS: dict[str, Callable[[Boot], str]] = {
    "default runlevel reached": default_reached,
    "services started": services_started,
    "login1 answers": login1_answers,
    "greetd logged in on lainos-init": logged_in,
    "sway answers": sway_answers,
    "session bus answers": session_bus_answers,
    "processes are in the scope": in_scope,
    "loginctl lists": loginctl_lists,
    "loginctl shows": loginctl_shows,
    "loginctl describes": loginctl_describes,
    "an inhibitor is held and released": inhibitor_seen,
    "swayidle sees a lock": lock_reaches_swayidle,
    "rsyslogd's READY is logged": ready_is_logged,
    "network hardened": network_is_set,
    "audio starts": audio_starts,
    "services are still up": services_started,
    "notifyd comes back": notifyd_comes_back,
    "the bridge comes back": bridge_comes_back,
}
"""The checks that leave the machine running."""

ENDINGS: dict[str, Callable[[Boot], str]] = {
    "PowerOff over D-Bus ends it": power_off,
    "logs are clean": logs_are_clean,
}
"""The checks that end it, and those of what it leaves."""
