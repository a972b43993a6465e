"""org.freedesktop.login1.Session, row by row."""

import os

from p7.dbus import errors as bus_errors
from p7.dbus.interface import CONST, REFUSED, SIGNALLED, STATIC, TRUSTED, Interface, Method, Property, Signal
from p7.identity import SEAT_ID, SEAT_PATH, SESSION_CLASS, SESSION_ID, STATE
from p7.login1 import acts, errors, model
from p7.login1.errors import refusing
from p7.login1.model import Login1

_SEATD = refusing(bus_errors.NOT_SUPPORTED, "seatd gives out the devices of this seat")
_NO_CONTROL = refusing(errors.NOT_IN_CONTROL, "You are not in control of this session")
_CLASS = refusing(bus_errors.NOT_SUPPORTED, "The session's class is 'user', always")
_WHY_NO_CONTROL = "NotInControl: nobody ever is, since TakeControl is refused."


def _audit(state: Login1) -> int:
    """The leader's audit session as the kernel has it: 4294967295 where none was set, 0 where it keeps none."""
    text = state.root.read_or(f"/proc/{state.session.leader}/sessionid", "").strip()
    return int(text) if text.isdecimal() else 0


def _leader_pidfd_id(state: Login1) -> int:
    """The inode of the leader's pidfd, which no later process of that pid has (pidfs, Linux 6.9); 0 without."""
    try:
        pidfd = os.pidfd_open(state.session.leader)
    except OSError:
        return 0
    eventfd = os.eventfd(0)
    try:
        status, anonymous = os.fstat(pidfd), os.fstat(eventfd)
        return status.st_ino if status.st_dev != anonymous.st_dev else 0  # before pidfs, all such share one inode
    finally:
        os.close(pidfd)
        os.close(eventfd)


METHODS = (
    Method("Terminate", "", "", "", acts.terminate, "Ends the session, as logging out does.", who=TRUSTED),
    Method("Activate", "", "", "", acts.activate, "Succeeds: the one session is always active.", kind=STATIC,
           who=TRUSTED),
    Method("Lock", "", "", "", acts.sends("Lock"), "Sends Lock, for the screen locker.", who=TRUSTED),
    Method("Unlock", "", "", "", acts.sends("Unlock"), "Sends Unlock.", who=TRUSTED),
    Method("SetIdleHint", "b", "", "idle", acts.set_idle_hint, "Sets IdleHint of session, seat, user and Manager.",
           who=TRUSTED),
    Method("SetLockedHint", "b", "", "locked", acts.set_locked_hint, "Sets LockedHint.", who=TRUSTED),
    Method("Kill", "si", "", "whom signal_number", acts.kill,
           "Signals the leader, or all processes in the session's cgroup.", who=TRUSTED, check=acts.check_kill),
    Method("TakeControl", "b", "", "force", _SEATD,
           "NotSupported: seatd owns the devices; libseat and Xorg fall back to it.", kind=REFUSED),
    Method("ReleaseControl", "", "", "", _NO_CONTROL, _WHY_NO_CONTROL, kind=REFUSED),
    Method("SetType", "s", "", "type", acts.set_type, "Sets Type, also in the session's file.", who=TRUSTED,
           check=acts.check_type),
    Method("SetClass", "s", "", "class", _CLASS, "NotSupported: the class is fixed.", kind=REFUSED),
    Method("SetDisplay", "s", "", "display", acts.set_display, "Sets Display, also in the session's file.",
           who=TRUSTED),
    Method("SetTTY", "h", "", "tty_fd", acts.set_tty, "Sets TTY, also in the session's file.", who=TRUSTED),
    Method("TakeDevice", "uu", "hb", "major minor -> fd inactive", _NO_CONTROL, _WHY_NO_CONTROL, kind=REFUSED),
    Method("ReleaseDevice", "uu", "", "major minor", _NO_CONTROL, _WHY_NO_CONTROL, kind=REFUSED),
    Method("PauseDeviceComplete", "uu", "", "major minor", _NO_CONTROL, _WHY_NO_CONTROL, kind=REFUSED),
    Method("SetBrightness", "ssu", "", "subsystem name brightness", acts.set_brightness,
           "Sets a backlight's or LED's brightness.", who=TRUSTED, check=acts.check_device),
)  # fmt: skip

PROPERTIES = (
    Property("Id", "s", CONST, lambda _: SESSION_ID, "1.", kind=STATIC),
    Property("User", "(uo)", CONST, lambda s: (s.user.uid, s.user.object_path), "The user's uid and object."),
    Property("Name", "s", CONST, lambda s: s.user.name, "The user's name."),
    Property("Timestamp", "t", CONST, lambda s: s.since.realtime_usec, "When it began; microseconds."),
    Property("TimestampMonotonic", "t", CONST, lambda s: s.since.monotonic_usec, "The same on the monotonic clock."),
    Property("VTNr", "u", CONST, lambda s: s.session.vtnr, "The virtual terminal; 0 if none."),
    Property("Seat", "(so)", CONST, lambda _: (SEAT_ID, SEAT_PATH), "seat0.", kind=STATIC),
    Property("TTY", "s", SIGNALLED, lambda s: s.session.tty, "The terminal, without /dev."),
    Property("Display", "s", SIGNALLED, lambda s: s.session.display, "The X11 display."),
    Property("Remote", "b", CONST, lambda _: False, "False.", kind=STATIC),
    Property("RemoteHost", "s", CONST, lambda _: "", "Empty.", kind=STATIC),
    Property("RemoteUser", "s", CONST, lambda _: "", "Empty.", kind=STATIC),
    Property("ExtraDeviceAccess", "as", CONST, lambda _: [], "Empty: udev's uaccess tags are seatd's concern.",
             kind=STATIC),
    Property("Service", "s", CONST, lambda s: s.session.service, "What logged the user in, such as greetd."),
    Property("Desktop", "s", CONST, lambda s: s.session.desktop, "XDG_SESSION_DESKTOP."),
    Property("Scope", "s", CONST, lambda _: f"session-{SESSION_ID}.scope", "The cgroup's name.", kind=STATIC),
    Property("Leader", "u", CONST, lambda s: s.session.leader, "The pid of what lainos-init became; 0 if none runs."),
    Property("LeaderPIDFDId", "t", CONST, _leader_pidfd_id, "The inode of its pidfd; 0 before Linux 6.9."),
    Property("Audit", "u", CONST, _audit, "Its audit session, from /proc."),
    Property("Type", "s", SIGNALLED, lambda s: s.session.type, "XDG_SESSION_TYPE."),
    Property("Class", "s", SIGNALLED, lambda _: SESSION_CLASS, "user.", kind=STATIC),
    Property("Active", "b", SIGNALLED, lambda _: True, "True.", kind=STATIC),
    Property("State", "s", SIGNALLED, lambda _: STATE, "active.", kind=STATIC),
    Property("IdleHint", "b", SIGNALLED, lambda s: s.idle, "What SetIdleHint said last."),
    Property("IdleSinceHint", "t", SIGNALLED, lambda s: s.idle_since.realtime_usec, "When it did; microseconds."),
    Property("IdleSinceHintMonotonic", "t", SIGNALLED, lambda s: s.idle_since.monotonic_usec,
             "The same on the monotonic clock."),
    Property("CanIdle", "b", CONST, lambda _: True, "True.", kind=STATIC),
    Property("CanLock", "b", CONST, lambda _: True, "True.", kind=STATIC),
    Property("LockedHint", "b", SIGNALLED, lambda s: s.locked, "What SetLockedHint said last."),
)  # fmt: skip

SIGNALS = (
    Signal("PauseDevice", "uus", "major minor type", "Never sent: no device was ever taken.", kind=STATIC),
    Signal("ResumeDevice", "uuh", "major minor fd", "Never sent: no device was ever taken.", kind=STATIC),
    Signal("Lock", "", "", "The screen locker should lock."),
    Signal("Unlock", "", "", "It should unlock."),
)

INTERFACE = Interface(model.SESSION, METHODS, PROPERTIES, SIGNALS)
