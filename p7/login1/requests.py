"""The Manager's methods that begin an operation, and those that tell beforehand whether it could be done."""

from p7.broker import power
from p7.broker import sleep as kernel
from p7.dbus import errors as bus_errors
from p7.dbus.call import Call
from p7.dbus.errors import DBusError
from p7.dbus.peers import Peer
from p7.login1 import errors
from p7.login1.inhibitors import BLOCK, BLOCK_WEAK, SHUTDOWN
from p7.login1.model import Login1
from p7.login1.power import ACTIONS, SLEEP_ORDER, Action, in_progress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from p7.dbus.interface import Check, Handler

# SD_LOGIND_*, which org.freedesktop.login1(5) lists
ROOT_CHECK_INHIBITORS, KEXEC, SOFT_REBOOT, SOFT_REBOOT_IF_NEXTROOT, SKIP_INHIBITORS = 1, 2, 4, 8, 16
_ALL_FLAGS = ROOT_CHECK_INHIBITORS | KEXEC | SOFT_REBOOT | SOFT_REBOOT_IF_NEXTROOT | SKIP_INHIBITORS


def checks(name: str) -> "Check":
    """What goes before PowerOff and its like, with and without flags: is it possible, are there such flags."""

    def check(call: Call, argument: bool | int) -> None:
        _check_flags(name, _flags(argument))
        _check_possible(call.state, ACTIONS[name])

    return check


def begins(name: str) -> "Handler":
    """The handler of PowerOff and its like."""

    def handler(call: Call, argument: bool | int) -> None:
        begin(call, ACTIONS[name], _flags(argument))

    return handler


def check_sleep(call: Call, flags: int) -> None:
    """The argument of Sleep."""
    _check_flags("sleep", flags)
    if _first_possible(call.state) is None:
        raise DBusError(errors.SLEEP_NOT_SUPPORTED, "None of the configured sleep operations are supported")


def sleep(call: Call, flags: int) -> None:
    """Sleep: the first of SleepOperation that the machine can do."""
    action = _first_possible(call.state)
    assert action is not None
    begin(call, action, flags)


def can(name: str) -> "Handler":
    """The handler of CanPowerOff and its like."""

    def handler(call: Call) -> tuple[str]:
        return (_answer(call.state, ACTIONS[name], call.caller),)

    return handler


def can_sleep(call: Call) -> tuple[str]:
    """CanSleep: as Sleep would go."""
    action = _first_possible(call.state)
    return (_answer(call.state, action, call.caller) if action is not None else "na",)


def sleep_operations(model: Login1) -> list[str]:
    """The property SleepOperation: what Sleep chooses from, the best first."""
    return [name for name in SLEEP_ORDER if model.settings[ACTIONS[name].key] != "off"]


def _first_possible(model: Login1) -> Action | None:
    return next((ACTIONS[name] for name in SLEEP_ORDER if _is_possible(model, ACTIONS[name])), None)


def begin(call: Call, action: Action, flags: int) -> None:
    """Do it for this caller, or raise why not."""
    model: Login1 = call.state
    permit(model, action, call.caller, flags)
    if model.settings[action.key] == "noop":
        call.reply()
        return
    if model.schedule.cancel():
        model.tell("unschedule")
    if action.what == SHUTDOWN:
        model.broadcast(f"The system will {action.label} now!")
    model.power.begin(action, lambda error: call.reply() if error is None else call.fail(error))


def permit(model: Login1, action: Action, caller: Peer, flags: int) -> None:
    """Raise what the caller gets if something stands against it now."""
    if _is_blocked(model, action, caller, flags):
        raise DBusError(errors.BLOCKED, "Operation denied due to active block inhibitor")
    if model.power.what:
        raise in_progress()


def _flags(argument: bool | int) -> int:
    return 0 if isinstance(argument, bool) else argument  # a bool is "interactive": there is nobody to ask


def _check_possible(model: Login1, action: Action) -> None:
    how = model.settings[action.key]
    if how == "off":
        raise DBusError(bus_errors.NOT_SUPPORTED, f"[power] in p7.toml switches '{action.name}' off")
    if not _is_possible(model, action):
        if action.what == SHUTDOWN:
            program = how[0] if isinstance(how, list) else "openrc-shutdown"
            raise DBusError(bus_errors.NOT_SUPPORTED, f"{program} is not installed")
        text = f"Sleep verb '{action.name}' is not configured or configuration is not supported by kernel"
        raise DBusError(errors.SLEEP_NOT_SUPPORTED, text)


def _check_flags(name: str, flags: int) -> None:
    if flags & ~_ALL_FLAGS:
        raise errors.invalid("Invalid flags parameter")
    if flags & KEXEC and flags & SOFT_REBOOT:
        raise errors.invalid("Both reboot via kexec and soft reboot selected, which is not supported")
    if name != "reboot" and flags & KEXEC:
        raise errors.invalid("Reboot via kexec option is only applicable with reboot operations")
    if name != "reboot" and flags & (SOFT_REBOOT | SOFT_REBOOT_IF_NEXTROOT):
        raise errors.invalid("Soft reboot option is only applicable with reboot operations")
    if flags & SOFT_REBOOT:
        raise DBusError(bus_errors.NOT_SUPPORTED, "OpenRC has no soft reboot")


def _answer(model: Login1, action: Action, caller: Peer) -> str:
    if not _is_possible(model, action):
        return "na"
    return "yes" if model.trusts(caller) and not _is_blocked(model, action, caller, 0) else "no"


def _is_possible(model: Login1, action: Action) -> bool:
    """Whether p7.toml lets it be, and the kernel or an installed program can do it."""
    mode = model.settings[action.key]
    if mode in ("off", "noop"):
        return mode == "noop"
    if action.what == SHUTDOWN or isinstance(mode, list):
        return bool(power.program(model.root, mode))
    return kernel.is_possible(model.root, action.name)


def _is_blocked(model: Login1, action: Action, caller: Peer, flags: int) -> bool:
    """Whether an inhibitor stops this caller: "block" everybody, "block-weak" neither root nor who took it."""
    if flags & SKIP_INHIBITORS:
        return False
    if model.inhibitors.holds(BLOCK, action.what):
        return True
    if not model.inhibitors.holds(BLOCK_WEAK, action.what):
        return False
    if caller.uid == 0:
        return bool(flags & ROOT_CHECK_INHIBITORS)
    weak = [i for i in model.inhibitors if i.mode == BLOCK_WEAK and action.what in i.what]
    return any(i.uid != caller.uid for i in weak)
