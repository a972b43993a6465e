"""Harden the kernel's network settings, refresh the resolver, have the wireless scan begin.

Sets the kernel parameters of /usr/lib/lainos/sysctl.d/50-p7.conf (sysctl.d(5); without that file, those built in, the
same), for all interfaces and for each that there is, and reads each back. What the administrator says in
/etc/sysctl.d/*.conf, /etc/sysctl.conf or /etc/lainos/sysctl.d/*.conf wins over that, key by key, the last named place
first; a value for "default" stands for every interface that is not named. Other keys of /etc/lainos/sysctl.d are set
too, other keys of the rest are left to sysctl(8). A kernel without IPv6 is no failure. What came of them is counted as
set, unchanged (it was so), overridden (by the administrator) and failed; --verbose names each.

Then has `resolvconf -u` run where that is installed and /etc/resolv.conf is not somebody else's, once OpenRC has
started the runlevel; and where there is a wireless card and iwd, asks that for a scan over D-Bus. The boot waits for
neither: what comes of them is in the system's log. With --interface only that interface's parameters are set, for a
udev rule.

Exits with 0 if all is as wanted, 1 if something failed, each thing by its name, 2 if nothing could be done.
"""

import _signal
import os
import sys
import time

from p7 import Failure, background, log, ops, proc, sysctl
from p7.root import SYSTEM, Root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    import click

    from p7.ops import Operation

PRIVILEGE = "root"

TABLE_PATH = "/usr/lib/lainos/sysctl.d/50-p7.conf"
TABLE = """\
# The network settings of lainos-net-init(8), in the syntax of sysctl.d(5); * is every interface, and all and default.
# To change one, put its line into a file of /etc/lainos/sysctl.d.

# Take no packet from an interface by which the answer would not leave, and log impossible addresses.
net.ipv4.conf.*.rp_filter = 1
net.ipv4.conf.*.log_martians = 1

# Let nobody on the network change routes, and choose no route by the packet's own wish.
net.ipv4.conf.*.accept_redirects = 0
net.ipv4.conf.*.secure_redirects = 0
net.ipv4.conf.*.send_redirects = 0
net.ipv4.conf.*.accept_source_route = 0
net.ipv6.conf.*.accept_redirects = 0
net.ipv6.conf.*.accept_source_route = 0

# Do not answer for a whole network, do not log broken answers, outlast a flood of connections.
net.ipv4.icmp_echo_ignore_broadcasts = 1
net.ipv4.icmp_ignore_bogus_error_responses = 1
net.ipv4.tcp_syncookies = 1

# Do not tell the time since boot; where this cannot be set it is no failure.
-net.ipv4.tcp_timestamps = 0
"""
_OTHERS = ("/etc/sysctl.d", "/etc/sysctl.conf")
_OURS = "/etc/lainos/sysctl.d"

_CONF = ("/proc/sys/net/ipv4/conf", "/proc/sys/net/ipv6/conf")
_RESOLV_CONF = "/etc/resolv.conf"
_PATIENCE_SEC = 10.0
_STARTING = "/run/openrc/rc.starting"  # OpenRC has it while it starts the services of a runlevel
_STARTING_SEC = 30.0
_PAUSE_SEC = 0.1
_BUS = "/run/dbus/system_bus_socket"
_IWD = "/usr/share/dbus-1/system-services/net.connman.iwd.service"


def options() -> "list[click.Parameter]":
    """The options beside those that every applet has."""
    import click

    return [
        click.Option(["--interface"], metavar="NAME", help="Set this interface's parameters only."),
        click.Option(["--verbose"], is_flag=True, help="Say of each parameter what came of it."),
    ]


def run(root: Root = SYSTEM, *, dry_run: bool = False, interface: str | None = None, verbose: bool = False) -> int:
    """Apply the plan. 0 if all of it is in place, 1 if a step failed. Raises Failure 2 where nothing can be done."""
    if not os.path.isdir(root.path(_CONF[0])):
        raise Failure(f"{root.path(_CONF[0])} is missing: proc must be mounted on {root.path('/proc')}", 2)
    lines, errors = sysctl.read(root, TABLE_PATH)
    lines = lines or sysctl.parse(TABLE, TABLE_PATH)[0]
    others, others_errors = sysctl.read(root, *_OTHERS)
    ours, ours_errors = sysctl.read(root, _OURS)
    parameters = sysctl.plan(root, lines + ours, others + ours)
    if interface is not None:
        parameters = _of_interface(root, interface, parameters)
    steps = [] if interface is not None or root.prefix else _services()
    status = ops.run([*parameters, *steps], root, dry_run)
    if not dry_run:
        for parameter in parameters if verbose else ():
            log.info(f"{parameter.describe()}: {parameter.outcome}")
        log.info(summary(parameters))
    return status or min(errors + others_errors + ours_errors, 1)


def summary(parameters: list[sysctl.Parameter]) -> str:
    """How many parameters came to what, and whose files have overridden ours."""
    outcomes = [parameter.outcome for parameter in parameters]
    kinds = ["set", "unchanged", "overridden", "failed"]
    kinds += [kind for kind in ("passed over", "gone") if kind in outcomes]
    files = dict.fromkeys(parameter.line.source for parameter in parameters if parameter.outcome == "overridden")
    who = f" (overridden by {', '.join(files)})" if files else ""
    return "kernel parameters: " + ", ".join(f"{outcomes.count(kind)} {kind}" for kind in kinds) + who


class Refresh:
    """Have resolvconf write resolv.conf anew from what it knows, behind the boot: its shell has 36 forks to do."""

    __slots__ = ("path",)

    def __init__(self, path: str) -> None:
        self.path = path

    def describe(self) -> str:
        return f"run {self.path} -u in the background, behind the boot"

    def apply(self, root: Root) -> None:
        if _is_handmade(root.read_or(_RESOLV_CONF, "")):
            # resolvconf would put its own, at this time still empty, in its place, and keep no copy.
            log.warning(f"{_RESOLV_CONF}: not made by resolvconf, so left alone; 'resolvconf -u' would hand it over")
            return
        _beside(root, lambda: self._refresh(root), "select")

    def _refresh(self, root: Root) -> None:
        end = time.monotonic() + _STARTING_SEC
        while os.path.exists(root.path(_STARTING)) and time.monotonic() < end:
            time.sleep(_PAUSE_SEC)
        output_fd = os.memfd_create("output")  # no pipe: what resolvconf starts anew may keep it open
        streams = [(os.POSIX_SPAWN_DUP2, output_fd, fd) for fd in (1, 2)]
        command = [self.path, "-u"]
        pid = os.posix_spawn(self.path, command, proc.ENVIRONMENT, file_actions=streams, setsigdef=[_signal.SIGPIPE])
        if status := proc.wait(pid, _PATIENCE_SEC):
            log.error(f"{' '.join(command)}: ended with {status}")
            for line in os.pread(output_fd, 1 << 12, 0).decode(errors="replace").splitlines():
                log.error(f"resolvconf: {line}")


class Scan:
    """Have iwd scan with some cards, in the background: it may not have started yet."""

    __slots__ = ("cards", "path")

    def __init__(self, path: str, cards: list[str]) -> None:
        self.path = path
        self.cards = cards

    def describe(self) -> str:
        return f"ask iwd in the background for a scan: {', '.join(self.cards)}"

    def apply(self, root: Root) -> None:
        def scan() -> None:
            from p7 import iwd  # and with it D-Bus: the boot does not wait for that

            iwd.scan(root.path(self.path), self.cards)

        _beside(root, scan, "p7.iwd")


def _beside(root: Root, work: "Callable[[], None]", module: str) -> None:
    """Do something that imports a module in the background, and log as a daemon does."""

    def run() -> None:
        log.start_daemon(root)
        work()

    if getattr(sys, "frozen", False):
        # Now, for the launcher that waits for this process takes the folder of modules with it.
        for name in (module, "_socket", "encodings.unicode_escape"):
            __import__(name)
    background.detach(run)


def _of_interface(root: Root, name: str, parameters: list[sysctl.Parameter]) -> list[sysctl.Parameter]:
    if name in ("all", "default") or not any(name in os.listdir(root.path(c)) for c in _CONF if _is_folder(root, c)):
        raise Failure(f"there is no interface {name!r}", 2)
    folders = tuple(f"{conf}/{name}/" for conf in _CONF)
    return [parameter for parameter in parameters if parameter.path.startswith(folders)]


def _is_handmade(text: str) -> bool:
    """Whether resolv.conf(5) says something, and not resolvconf's words."""
    rows = [row for row in text.splitlines() if row.strip() and row.lstrip()[0] not in "#;"]
    return bool(rows) and "generated by resolvconf" not in text.lower()


def _is_folder(root: Root, path: str) -> bool:
    return os.path.isdir(root.path(path))


def _services() -> "list[Operation]":
    """What other programs are to do, those of them that are installed."""
    path = proc.ENVIRONMENT["PATH"]
    steps: list[Operation] = []
    if resolvconf := proc.find("resolvconf", path):
        steps.append(Refresh(resolvconf))
    if os.path.exists(_IWD) and (cards := _wireless()):
        steps.append(Scan(_BUS, cards))
    return steps


def _wireless() -> list[str]:
    """The names of the wireless cards. Not of their interfaces: iwd removes those that it finds, to make its own."""
    try:
        return sorted(os.listdir("/sys/class/ieee80211"))
    except OSError:
        return []
