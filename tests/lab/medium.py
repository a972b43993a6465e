"""A live medium's session by the files that rc/calamares has for it: Openbox at once, Calamares as root through pkexec.

polkit's answer depends on p7's session: subject.active and subject.local are what libsystemd reads of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from tests.lab.boot import Boot, until
from tests.lab.checks import told
from tests.lab.inside import DISPLAY, RUNTIME_DIR, SCOPE, USER, ask, belongs, seen, shown
from tests.lab.installer import GREETD, RC

FILES = {
    "greetd-live.toml": GREETD,
    "49-calamares-live.rules": "etc/polkit-1/rules.d/49-calamares-live.rules",
    "openbox-autostart": "etc/xdg/openbox/autostart",
}
"""What rc/calamares has for a live medium, and where that has it."""

LAB = {'"live"': f'"{USER}"', '"greeter"': '"_greetd"'}
"""What is otherwise in a lab, with this user and Debian's greetd."""

SETTINGS = "---\nmodules-search: [ local ]\nsequence:\n- show:\n  - finished\nbranding: default\n"
ASKED = f"{RUNTIME_DIR}/asked"
VERSION = ["pkexec", "/usr/bin/calamares", "--version"]
MANAGED = [*DISPLAY, "sh", "-c", "xprop -root _NET_SUPPORTING_WM_CHECK | grep 'window id'"]
WINDOW = [*DISPLAY, "sh", "-c", 'xwininfo -root -tree | grep \'"calamares" "calamares"\'']


def lay_out(layer: Path, otherwise: Mapping[str, str]) -> None:
    """Write the medium's files into a layer, with what else is otherwise in greetd's."""
    texts = {place: (RC / name).read_text() for name, place in FILES.items()}
    for old, new in {**LAB, **otherwise}.items():
        assert old in texts[GREETD]
        texts[GREETD] = texts[GREETD].replace(old, new)
    texts["etc/calamares/settings.conf"] = SETTINGS
    # A person opens a terminal and types this; its answer comes while the installer already runs.
    texts["etc/xdg/openbox/autostart"] += f"{{ {' '.join(VERSION)}; echo $?; }} >{ASKED} 2>&1 &\n"
    for place, text in texts.items():
        (layer / place).parent.mkdir(parents=True, exist_ok=True)
        (layer / place).write_text(text)


def the_user_is_in_openbox_at_once(machine: Boot) -> None:
    seen(machine, *MANAGED, user=USER, timeout=30)
    told(shown(machine, "show-session", "1"), Type="x11", Desktop="openbox", Active="yes")


def polkit_lets_the_session_run_it(machine: Boot) -> None:
    """What the session was told is taken away, so that the next session's answer is its own."""
    seen(machine, "grep", "--line-regexp", "0", ASKED, timeout=30)
    assert "calamares 3.3" in ask(machine, "cat", ASKED)
    ask(machine, "rm", ASKED)


def polkit_denies_it_outside(machine: Boot) -> None:
    """The same user, from a cgroup that is nobody's session."""
    code, text = machine.run(["sh", "-c", f"{' '.join(VERSION)}; exit $?"], USER)
    assert code == 127 and "Not authorized" in text, text


def calamares_has_its_window_and_is_roots_in_the_session(machine: Boot) -> None:
    seen(machine, *WINDOW, user=USER, timeout=30)
    pid = ask(machine, "pgrep", "--exact", "calamares")
    assert ask(machine, "ps", "-o", "user=", "-p", pid) == "root"
    belongs(machine, pid, SCOPE)


def it_ends_with_the_session(machine: Boot) -> None:
    ask(machine, "pkill", "--exact", "xinit")
    until(lambda: shown(machine, "show-session", "1")["Leader"] == "0", 20, "the session has ended")
    until(lambda: machine.run(["pgrep", "--exact", "calamares"])[0] == 1, 20, "Calamares has ended")


CHECKS: tuple[Callable[[Boot], None], ...] = (
    the_user_is_in_openbox_at_once,
    polkit_lets_the_session_run_it,
    polkit_denies_it_outside,
    calamares_has_its_window_and_is_roots_in_the_session,
    it_ends_with_the_session,
)
"""In their order."""
