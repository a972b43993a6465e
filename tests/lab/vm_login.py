"""What a person does at the greeter, tuigreet on virtual terminal 1, and what is there after logging out."""

from __future__ import annotations

import re

from tests.lab.checks import RUNTIME_DIR, USER, ask, shown, told
from tests.lab.vm import Vm

PASSWORD = "wired"
MENU = "Change session"


def greeter_asks(vm: Vm) -> str:
    vm.until(lambda: asks(vm), "tuigreet asks")
    return "tuigreet on VT 1"


def asks(vm: Vm) -> bool:
    return re.search("(Username|Password):", vm.screen_text()) is not None


def menu(vm: Vm) -> list[str]:
    """The sessions in the open menu, between its title and the row of keys."""
    rows = vm.screen_text().splitlines()
    return rows[rows.index(MENU) + 1 : -1]


def choose(vm: Vm, session: str) -> None:
    """Choose a session from the menu."""
    greeter_asks(vm)
    vm.press("f3")
    vm.until(lambda: MENU in vm.screen_text(), "the menu opens")
    offered = menu(vm)
    for key in ["up"] * len(offered) + ["down"] * offered.index(session) + ["ret"]:
        vm.press(key)
    greeter_asks(vm)


def type_command(vm: Vm, command: str) -> None:
    """Give a command for the session instead."""
    greeter_asks(vm)
    vm.press("f2")
    vm.until(lambda: "New command:" in vm.screen_text(), "it asks for a command")
    vm.press("ctrl", "u")
    vm.type(f"{command}\n")
    greeter_asks(vm)


def authenticate(vm: Vm) -> None:
    """Give the name, unless it is remembered, and the password."""
    if f"Username: {USER}" not in vm.screen_text():
        vm.type(f"{USER}\n")
    vm.until(lambda: "Password:" in vm.screen_text(), "it asks for the password")
    vm.type(f"{PASSWORD}\n")


def logged_out(vm: Vm) -> str:
    """Greeter and session are as before the login; of its processes only in_scope()'s sleep stays, as tmux would."""
    vm.until(lambda: asks(vm), "the greeter is back")
    left = f"! pgrep --uid {USER} --list-full | grep -v 'sleep 1000$'"
    awaited(vm, "sh", "-c", left)
    told(shown(vm, "show-session", "1"), Type="unspecified", Leader="0", VTNr="0", State="active")
    assert ask(vm, "stat", "--format=%U", "/dev/tty1") == "root"
    assert ask(vm, "stat", "--format=%U %a", RUNTIME_DIR) == f"{USER} 700"
    return "greeter back, session reset, nothing left"


def awaited(vm: Vm, *argv: str, user: str | None = None) -> str:
    """What a command writes, once it succeeds."""
    last = (1, "")

    def succeeds() -> bool:
        nonlocal last
        last = vm.run(argv, user)
        return last[0] == 0

    vm.until(succeeds, " ".join(argv))
    return last[1].strip()
