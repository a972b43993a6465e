"""What is true of a virtual machine with a person at its keyboard: checks like those of tests.lab.checks, in order."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable
from pathlib import Path

from p7.build import DIST
from tests.lab.checks import (
    BUG,
    LOGIN1,
    RUNTIME_DIR,
    UID,
    USER,
    ask,
    client,
    compositor,
    default_reached,
    in_scope,
    loginctl_shows,
    services_started,
    shown,
    swaymsg,
    told,
)
from tests.lab.inside import DISPLAY
from tests.lab.vm import SLOW_SEC, Vm
from tests.lab.vm_login import MENU, authenticate, awaited, choose, greeter_asks, logged_out, menu, type_command

OPENBOX, SWAY = "Openbox (X11)", "Sway (Wayland)"
PICTURE = Path(DIST, "sway.png")
SLICE = f"/sys/fs/cgroup/user.slice/user-{UID}.slice"


def controllers_delegated(vm: Vm) -> str:
    """The kernel's controllers reach the user's slice, where processes move, and fast, but its limits may not."""
    options = ask(vm, "findmnt", "--noheadings", "--output=OPTIONS", "/sys/fs/cgroup").strip().split(",")
    assert {"nosuid", "nodev", "noexec", "nsdelegate", "favordynmods"} <= set(options), options
    offered = ask(vm, "cat", f"{SLICE}/cgroup.controllers").split()
    assert {"cpu", "io", "memory", "pids"} <= set(offered), offered
    files = [f"{SLICE}/{name}" for name in ("", "cgroup.procs", "cgroup.subtree_control", "memory.max", "pids.max")]
    owners = ask(vm, "stat", "--format=%U", *files).split()
    assert owners == [USER, USER, USER, "root", "root"], owners
    return " ".join(offered)


def lists_sessions(vm: Vm) -> str:
    """tuigreet offers what p7 installs."""
    greeter_asks(vm)
    vm.press("f3")
    vm.until(lambda: MENU in vm.screen_text(), "the menu opens")
    offered = menu(vm)
    assert {OPENBOX, SWAY} <= set(offered), offered
    vm.press("esc")
    return ", ".join(offered)


def no_compositor(vm: Vm) -> str:
    """The log says what was tried, and the greeter is back, once."""
    type_command(vm, "env P7_COMPOSITOR=/nowhere lainos-init")
    authenticate(vm)
    said = awaited(vm, "grep", "--only-matching", "nothing to start: tried /nowhere", "/var/log/syslog")
    logged_out(vm)
    assert "\n" not in said, said
    return said


def openbox_on_xorg(vm: Vm) -> str:
    """Chosen at the greeter; the X server runs as the user, on the terminal that greetd gave."""
    choose(vm, OPENBOX)
    authenticate(vm)
    property = "xprop -root _OPENBOX_PID | grep CARDINAL"
    manager = awaited(vm, *DISPLAY, "sh", "-c", property, user=USER).split()[-1]
    assert manager == ask(vm, "pgrep", "--exact", "openbox", "--uid", USER)
    assert ask(vm, *DISPLAY, "xprop", "-root", "XFree86_VT", user=USER) == "XFree86_VT(INTEGER) = 1"
    assert ask(vm, "ps", "-C", "Xorg", "-o", "user=") == USER
    return "openbox-session, Xorg on VT 1 without root"


def loginctl_shows_x11(vm: Vm) -> str:
    leader = ask(vm, "pgrep", "--exact", "xinit")
    told(
        shown(vm, "show-session", "1"),
        **{"Type": "x11", "Display": ":0", "Desktop": "openbox", "TTY": "tty1", "VTNr": "1", "Leader": leader},
    )
    return f"session 1, leader {leader}"


def openbox_logs_out(vm: Vm) -> str:
    # Openbox does not hear what it is told while it starts.
    awaited(vm, *DISPLAY, "sh", "-c", "openbox --exit; sleep 1; ! pgrep --exact openbox", user=USER)
    return logged_out(vm)


def sway_on_drm(vm: Vm) -> str:
    """Chosen at the greeter; it drives the graphics card."""
    choose(vm, SWAY)
    authenticate(vm)
    return drives_the_card(vm)


def drives_the_card(vm: Vm) -> str:
    awaited(vm, "sh", "-c", f"test -S {RUNTIME_DIR}/sway-ipc.*.sock")
    output = swaymsg(vm, "-t", "get_outputs", "--pretty").splitlines()[0]
    assert output.startswith("Output Virtual-1"), output
    return output


def through_seatd(vm: Vm) -> str:
    """The environment says where the card comes from and what sway's socket will be, and both are true."""
    pid = compositor(vm)
    variables = ask(vm, "cat", f"/proc/{pid}/environ").split("\0")
    promised = {"LIBSEAT_BACKEND=seatd", "WAYLAND_DISPLAY=wayland-1", "WLR_BACKENDS=drm,libinput", "XDG_VTNR=1"}
    assert promised <= set(variables), variables
    assert ask(vm, "ls", RUNTIME_DIR).split().count("wayland-1") == 1
    return ask(vm, "grep", "--only-matching", f"New client connected (pid: {pid},", "/var/log/seatd.log")


def on_the_terminal(vm: Vm) -> str:
    """The session is where greetd started it, and the terminal the user's while it lasts."""
    told(shown(vm, "show-session", "1"), TTY="tty1", VTNr="1")
    assert ask(vm, "stat", "--format=%U", "/dev/tty1") == USER
    return "tty1"


def limit_holds(vm: Vm) -> str:
    """In the session, a cgroup of the user's own making with a limit, which a process hits and dies of."""
    swaymsg(vm, "exec", f"/lab/limited >{RUNTIME_DIR}/limited 2>&1")
    output = awaited(vm, "sh", "-c", f"grep -q done {RUNTIME_DIR}/limited && cat {RUNTIME_DIR}/limited")
    controllers, small, *_, large, _ = output.splitlines()
    assert {"cpu", "io", "memory", "pids"} <= set(controllers.split()), output
    assert (small, large) == (str(1 << 20), "ended with 137"), output
    return "memory.max kills"


def foot_on_screen(vm: Vm) -> str:
    """A person opens a terminal and types in it; the card shows what grim finds inside."""
    vm.press("meta_l", "ret")
    vm.until(lambda: '"app_id": "foot"' in swaymsg(vm, "-t", "get_tree"), "foot has a window")
    vm.type("loginctl; p7; touch typed\n")
    awaited(vm, "test", "-e", f"/home/{USER}/typed")
    vm.until(lambda: screens_agree(vm), "the screen shows what grim sees")
    PICTURE.parent.mkdir(exist_ok=True)
    vm.screenshot(PICTURE)
    return f"picture in {PICTURE}"


def screens_agree(vm: Vm) -> bool:
    """Whether the lower nine tenths, without sway's clock, are the same and no single colour."""
    pixels = vm.pixels()
    lower = pixels[len(pixels) // 10 :]
    environment = f"XDG_RUNTIME_DIR={RUNTIME_DIR} WAYLAND_DISPLAY=wayland-1"
    digest = f"env {environment} grim -t ppm - | tail -c {len(lower)} | sha256sum"
    inside = ask(vm, "sh", "-c", digest, user=USER).split()[0]
    return len(set(lower)) > 2 and inside == hashlib.sha256(lower).hexdigest()


def sway_logs_out(vm: Vm) -> str:
    """Name and session are offered again, as chosen."""
    vm.type("swaymsg exit\n")
    found = logged_out(vm)
    rows = vm.screen_text().splitlines()
    assert f"Username: {USER}" in rows and rows[-1].endswith(f"CMD {SWAY}"), rows
    return found


def choice_is_remembered(vm: Vm) -> str:
    """Name and session are what they were the last time, so the password is enough."""
    authenticate(vm)
    found = drives_the_card(vm)
    swaymsg(vm, "exec", "swaymsg exit")  # asked itself, it would be gone before it answers
    logged_out(vm)
    return found


def logs_in_by_itself(vm: Vm) -> str:
    """greetd's initial session, as p7's example shows it, on the virtual terminal and with no key pressed."""
    initial = f'\n[initial_session]\ncommand = "lainos-init"\nuser = "{USER}"\n'
    ask(vm, "sh", "-c", f"printf '{initial}' >>/etc/greetd/config.toml; rm -f /run/greetd.run")
    ask(vm, "rc-service", "greetd", "restart")
    drives_the_card(vm)
    return on_the_terminal(vm)


def sleeps_and_wakes(vm: Vm) -> str:
    """Suspend really sleeps, once swayidle's delay inhibitor is released; a client sees both signals.

    Nothing that needs the screen may come after it: with Linux 6.1 a virtio-gpu stays dark.
    """
    swaymsg(vm, "exec", "swayidle -w before-sleep 'sleep 2'")
    awaited(vm, "sh", "-c", f"{client('systemd-inhibit')} --list | grep swayidle")
    behind(vm, "gdbus monitor --system --dest org.freedesktop.login1 >/tmp/signals")
    awaited(vm, "grep", "owned by", "/tmp/signals")
    asked = time.monotonic()
    behind(vm, " ".join([client("busctl"), "call", *LOGIN1, "Suspend", "b", "false", ">/tmp/suspend"]))
    vm.monitor.wait("SUSPEND", SLOW_SEC)
    took = time.monotonic() - asked
    assert took >= 2, f"asleep after {took} s, for all the inhibitor"
    assert vm.monitor.do("query-status")["status"] == "suspended"
    vm.wake()
    awaited(vm, "grep", r"PrepareForSleep (false", "/tmp/signals")
    signals = re.findall(r"PrepareForSleep \((\w+),\)", ask(vm, "cat", "/tmp/signals"))
    assert signals == ["true", "false"], signals
    return f"asleep after {took:.1f} s, awake again, PrepareForSleep true and false"


def behind(vm: Vm, command: str) -> None:
    """Start a command of the user's and go on."""
    ask(vm, "sh", "-c", f"{command} 2>&1 &", user=USER)


def no_bug_logged(vm: Vm) -> str:
    """Nothing that p7 wrote reports one."""
    ask(vm, "grep", "--quiet", "lainos-dbus-bridge", "/var/log/syslog")
    code, lines = vm.run(["grep", "--recursive", BUG, "/var/log"])
    assert code == 1, lines
    return "no internal error"


def reboots(vm: Vm) -> str:
    return ends(vm, "Reboot", "guest-reset")


def powers_off(vm: Vm) -> str:
    return ends(vm, "PowerOff", "guest-shutdown")


def ends(vm: Vm, method: str, reason: str, *arguments: str) -> str:
    """The session's user asks for it over D-Bus, QEMU ends by itself and says why."""
    ask(vm, client("busctl"), "call", *LOGIN1, method, *(arguments or ("b", "false")), user=USER)
    assert vm.wait_exit() == reason, vm.console()
    return f"QEMU ended: {reason}"


def plan_holds(vm: Vm) -> str:
    """A planned power-off is published, and a shell's user sees it; called off, it is gone."""
    usec = str((int(ask(vm, "date", "+%s")) + 3600) * 10**6)
    command = [client("busctl"), "call", *LOGIN1]
    ask(vm, *command, "ScheduleShutdown", "st", "poweroff", usec, user=USER)
    assert f"USEC={usec}" in ask(vm, "cat", "/run/systemd/shutdown/scheduled")
    assert ask(vm, *command, "CancelScheduledShutdown", user=USER).split() == ["b", "true"]
    assert vm.run(["test", "-e", "/run/systemd/shutdown/scheduled"])[0] == 1
    return "published, and called off"


def ends_as_planned(vm: Vm) -> str:
    """In three seconds of the guest's clock, which is not the test's."""
    usec = str((int(ask(vm, "date", "+%s")) + 3) * 10**6)
    return ends(vm, "ScheduleShutdown", "guest-shutdown", "st", "poweroff", usec)


SHORT: dict[str, Callable[[Vm], str]] = {
    "default runlevel reached": default_reached,
    "services started": services_started,
    "controllers are delegated": controllers_delegated,
    "the greeter asks": greeter_asks,
    "PowerOff ends it": powers_off,
}
"""One machine's checks: that it starts and ends."""

PLANNED: dict[str, Callable[[Vm], str]] = {
    "default runlevel reached": default_reached,
    "a plan is published": plan_holds,
    "ScheduleShutdown ends it": ends_as_planned,
}
"""Another's: that it ends when it was told to before."""

SESSION: dict[str, Callable[[Vm], str]] = {
    "default runlevel reached": default_reached,
    "the greeter lists sessions": lists_sessions,
    "no compositor, no session": no_compositor,
    "Openbox runs on Xorg": openbox_on_xorg,
    "loginctl shows it": loginctl_shows_x11,
    "its end leaves nothing": openbox_logs_out,
    "sway runs on the card": sway_on_drm,
    "seatd gives it the card": through_seatd,
    "loginctl shows that": loginctl_shows,
    "the terminal is the session's": on_the_terminal,
    "processes are in the scope": in_scope,
    "a user's limit holds": limit_holds,
    "foot is on the screen": foot_on_screen,
    "logout leaves nothing": sway_logs_out,
    "the choice is remembered": choice_is_remembered,
    "greetd logs in by itself": logs_in_by_itself,
    "Suspend sleeps and wakes": sleeps_and_wakes,
    "services are still up": services_started,
    "logs are clean": no_bug_logged,
    "Reboot ends it": reboots,
}
"""A third's: a person at its keyboard."""
