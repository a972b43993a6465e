"""The properties of org.freedesktop.login1.Manager, row by row."""

import os

from p7 import inhibit
from p7.dbus.interface import CONST, SIGNALLED, SILENT, STATIC, Property
from p7.login1 import inhibitors, requests, schedule, supply
from p7.login1.model import Login1

_INFINITY = (1 << 64) - 1


def _static(name: str, type: str, value: object, text: str, emits: str = CONST) -> Property:
    return Property(name, type, emits, lambda _: value, text, kind=STATIC)


def _key(name: str) -> Property:
    return _static(name, "s", "ignore", "ignore: acpid owns the keys and the lid.")


def _inhibited(mode: str, name: str) -> Property:
    return Property(name, "s", SIGNALLED, lambda s: s.inhibitors.inhibited(mode), f"Held now in mode {mode}.")


def _runtime_size(state: Login1) -> int:
    """The size of /run/user/UID in bytes."""
    status = _runtime(state)
    return status.f_blocks * status.f_frsize if status is not None else 0


def _runtime_inodes(state: Login1) -> int:
    status = _runtime(state)
    return status.f_files if status is not None else 0


def _runtime(state: Login1) -> os.statvfs_result | None:
    try:
        return os.statvfs(state.root.path(state.user.runtime_path)) if state.user is not None else None
    except OSError:
        return None


def _preparing(state: Login1) -> dict[str, tuple[str, object]]:
    shutdown = state.power.what == inhibitors.SHUTDOWN
    return {"preparing": ("b", shutdown), **({"type": ("s", state.power.type)} if shutdown else {})}


PROPERTIES = (
    Property("EnableWallMessages", "b", SILENT, lambda s: s.wall, "Whether shutdowns are announced on terminals.",
             set=schedule.set_enabled),
    Property("WallMessage", "s", SILENT, lambda s: s.wall_message, "What is put before such an announcement.",
             set=schedule.set_message),
    _static("NAutoVTs", "u", 0, "0: OpenRC's agetty services make terminals."),
    _static("KillOnlyUsers", "as", [], "Empty."),
    _static("KillExcludeUsers", "as", [], "Empty."),
    Property("KillUserProcesses", "b", CONST, lambda s: s.settings["session.kill"], "[session] kill of p7.toml."),
    _static("RebootParameter", "s", "", "Empty.", SILENT),
    _static("RebootToFirmwareSetup", "b", False, "False.", SILENT),
    _static("RebootToBootLoaderMenu", "t", _INFINITY, "Infinity: not asked for.", SILENT),
    _static("RebootToBootLoaderEntry", "s", "", "Empty.", SILENT),
    _static("BootLoaderEntries", "as", [], "Empty."),
    Property("IdleHint", "b", SIGNALLED, lambda s: s.idle_hint(), "The session's, unless idle is inhibited."),
    Property("IdleSinceHint", "t", SIGNALLED, lambda s: s.idle_since.realtime_usec, "As the session's."),
    Property("IdleSinceHintMonotonic", "t", SIGNALLED, lambda s: s.idle_since.monotonic_usec, "As the session's."),
    *(_inhibited(mode, name) for mode, name in inhibitors.PROPERTIES.items()),
    Property("InhibitDelayMaxUSec", "t", CONST, lambda s: s.settings["power.inhibit_delay_sec"] * 1_000_000,
             "[power] inhibit_delay_sec of p7.toml."),
    _static("UserStopDelayUSec", "t", 0, "0: a session's end waits for nothing."),
    Property("SleepOperation", "as", CONST, requests.sleep_operations,
             "What Sleep chooses from, the best first, as p7.toml lets it."),
    *(_key(f"Handle{key}Key{press}") for key in ("Power", "Reboot", "Suspend", "Hibernate")
      for press in ("", "LongPress")),
    *(_key(f"HandleLidSwitch{when}") for when in ("", "ExternalPower", "Docked")),
    _key("HandleSecureAttentionKey"),
    _static("HoldoffTimeoutUSec", "t", 0, "0: nothing is held off, since no key is handled."),
    _static("IdleAction", "s", "ignore", "ignore: swayidle and its like act."),
    _static("IdleActionUSec", "t", 0, "0."),
    Property("PreparingForShutdown", "b", SILENT, lambda s: s.power.what == inhibitors.SHUTDOWN,
             "Whether PrepareForShutdown has been sent."),
    Property("PreparingForShutdownWithMetadata", "a{sv}", SILENT, _preparing, "The same, and for what."),
    Property("PreparingForSleep", "b", SILENT, lambda s: s.power.what == inhibitors.SLEEP,
             "Whether PrepareForSleep has been sent."),
    Property("ScheduledShutdown", "(st)", SIGNALLED, lambda s: s.schedule.value(),
             "What ScheduleShutdown planned, and when."),
    _static("DesignatedMaintenanceTime", "s", "", "Empty."),
    _static("Docked", "b", False, "False: nobody watches a dock here.", SILENT),
    Property("LidClosed", "b", SILENT, lambda s: supply.lid_closed(s.root), "From /proc/acpi, when asked."),
    Property("OnExternalPower", "b", SILENT, lambda s: supply.on_external_power(s.root), "From /sys, when asked."),
    _static("RemoveIPC", "b", False, "False."),
    Property("RuntimeDirectorySize", "t", CONST, _runtime_size, "Of /run/user/UID; bytes."),
    Property("RuntimeDirectoryInodesMax", "t", CONST, _runtime_inodes, "Of /run/user/UID."),
    _static("InhibitorsMax", "t", inhibit.MAX, f"The most inhibitors at a time, {inhibit.MAX}."),
    Property("NCurrentInhibitors", "t", SIGNALLED, lambda s: len(s.inhibitors), "How many there are now."),
    _static("SessionsMax", "t", 1, "1."),
    Property("NCurrentSessions", "t", SILENT, lambda s: int(s.user is not None), "1 once the machine has a user."),
    _static("StopIdleSessionUSec", "t", _INFINITY, "Infinity: an idle session goes on."),
)  # fmt: skip
