"""The steps that a new installation takes, from what is in it and from finalize.toml's lists."""

import os

from p7 import config, identity, ops
from p7.finalize import cache, files, groups, services
from p7.finalize.dbus_id import DBUS_ID, DbusId
from p7.finalize.lists import LEVELS, Lists
from p7.finalize.steps import Need, Tool, Unlink
from p7.identity import User
from p7.machine_id import MachineId
from p7.root import Root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from p7.finalize.steps import Step

_DOAS = "/etc/doas.conf"
_PACMAN = "/etc/pacman.conf"
_GREETD, GREETD_SOURCE = "/etc/greetd/config.toml", "/usr/share/lainos/greetd.toml"
_GREETER = 'user = "greeter"'
_TUIGREET = "/var/cache/tuigreet"
_IWD, _IWD_SOURCE = "/etc/iwd/main.conf", "/usr/lib/lainos/iwd/main.conf"


class Plan:
    """Steps in their order, and what there is to say besides."""

    __slots__ = ("notes", "root", "steps")

    def __init__(self, root: Root) -> None:
        self.root = root
        self.steps: list[Step] = []
        self.notes: list[str] = []

    def folder(self, path: str) -> None:
        """A folder, and those it is in, each an administrator's once it is there."""
        if not os.path.isdir(self.root.path(path)) and path not in [step.path for step in self.steps]:
            self.folder(os.path.dirname(path))
            self.steps.append(ops.Mkdir(path))

    def file(self, path: str, text: str, mode: int, is_unused: "Callable[[str], bool]") -> bool:
        """A file that is, too; whether it gets this text."""
        steps, notes = files.put(self.root, path, text, mode, is_unused)
        self.folder(os.path.dirname(path))
        self.steps += steps
        self.notes += notes
        return not notes


def make(root: Root, lists: Lists, user: User | None) -> Plan:
    """Everything, in an order in which a half of it is of use already."""
    plan = Plan(root)
    plan.steps.append(MachineId())
    plan.folder(os.path.dirname(DBUS_ID))
    plan.steps.append(DbusId())
    plan.file(_DOAS, "".join(f"{rule}\n" for rule in lists["doas.rules"]), 0o400, files.has_no_rules)
    plan.steps += services.needs()
    _services(plan, lists)
    _greeter(plan, lists)
    if services.has_script(root, "iwd"):
        plan.file(_IWD, root.read(_IWD_SOURCE), 0o644, config.sets_nothing)
    _groups(plan, lists, user)
    if os.path.exists(root.path(_PACMAN)):
        _cache(plan, lists["pacman.clear"])
        plan.steps += [Tool(name, _PACMAN) for name in ("seal-conf", "seal-verify")]
    return plan


def _services(plan: Plan, lists: Lists) -> None:
    """Every service that has a script in its runlevel; of the others the needed ones are an error."""
    for level in LEVELS:
        needed, optional = lists[f"runlevels.{level}.needed"], lists[f"runlevels.{level}.optional"]
        for name in needed + optional:
            if services.has_script(plan.root, name):
                link = services.place(plan.root, level, name)
                plan.folder(os.path.dirname(link.path))
                plan.steps.append(link)
            elif name in needed:
                plan.steps.append(services.need(name))
            else:
                plan.notes.append(f"there is no service {name}: left out")


def _greeter(plan: Plan, lists: Lists) -> None:
    """greetd's configuration, and the folder that tuigreet's --remember writes to."""
    names = lists["greetd.users"]
    there = {user.name: user for user in identity.users(plan.root)}
    greeter = next((there[name] for name in names if name in there), None)
    if greeter is None:
        plan.steps.append(_no_user(" or ".join(names), "greetd's package makes it, so install that"))
        return
    text = plan.root.read(GREETD_SOURCE).replace(_GREETER, f'user = "{greeter.name}"')
    is_ours = plan.file(_GREETD, text, 0o644, lambda found: files.is_not_chosen(plan.root, found))
    if is_ours and services.has_script(plan.root, "greetd"):  # else nobody could log in
        for name in lists["greetd.displaces"]:
            plan.steps += [Unlink(path) for path in services.links(plan.root, name)]
    plan.folder(os.path.dirname(_TUIGREET))
    plan.steps.append(ops.Mkdir(_TUIGREET, 0o750, greeter.uid, greeter.gid))


def _cache(plan: Plan, names: list[str]) -> None:
    """What the cache has of these packages, and would keep a dummy of the name from being installed again."""
    for folder in cache.folders(plan.root):
        if (real := cache.inside(plan.root, folder)) is None:
            plan.notes.append(f"{folder} leads out of {plan.root.prefix}, and what pacman has in it is left alone")
        else:
            plan.steps += cache.refused(plan.root, real, names)


def _no_user(what: str, remedy: str) -> Need:
    """What was looked for, and was not there."""
    return Need(f"user {what}", "/etc/passwd", remedy, lambda root: False)


def _groups(plan: Plan, lists: Lists, user: User | None) -> None:
    """The user's groups, and whether doas would know the user by one."""
    wanted, there = lists["groups.user"], groups.members(plan.root)
    if absent := [name for name in wanted if name not in there]:
        plan.notes.append(f"there is no group {', '.join(absent)}: left out")
    if user is None:
        remedy = "make one (Calamares' module users, or useradd) and run this again"
        plan.steps.append(_no_user("to log in, with a uid from 1000 to 59999 and a login shell", remedy))
        return
    if found := [name for name in wanted if name in there]:
        plan.steps.append(groups.Member(user.name, found))
    named = {word[1:] for rule in lists["doas.rules"] for word in rule.split() if word[0] == ":"}
    if named and not any(user.name in there.get(name, ()) for name in named):
        remedy = f"'usermod -aG {min(named)} {user.name}' if that is wanted"
        plan.notes.append(f"{user.name} is not in {' or '.join(sorted(named))}, which doas asks for: {remedy}")
