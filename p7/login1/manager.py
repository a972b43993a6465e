"""org.freedesktop.login1.Manager, row by row; its properties are in manager_properties."""

from p7.dbus import errors as bus_errors
from p7.dbus.interface import KNOWN, REFUSED, STATIC, TRUSTED, Interface, Method, Signal
from p7.login1 import acts, inhibitors, lookup, model, requests, schedule
from p7.login1.errors import refusing
from p7.login1.lookup import check_seat, check_session, check_user
from p7.login1.manager_properties import PROPERTIES

_OPENING = refusing(bus_errors.NOT_SUPPORTED, "lainos-init opens the session, nothing else does")
_LINGER = refusing(bus_errors.NOT_SUPPORTED, "No manager runs for the user, so none can linger")
_SEATS = refusing(bus_errors.NOT_SUPPORTED, "There is one seat, and all devices are its own")
_FIRMWARE = refusing(bus_errors.NOT_SUPPORTED, "p7 leaves firmware and boot loader alone")
_WHY_OPENING = "NotSupported: lainos-init opens the session, with the broker."
_WHY_FIRMWARE = "NotSupported: p7 leaves firmware and boot loader alone."
_CREATE = "service type class desktop seat_id vtnr tty display remote remote_user remote_host"
_CREATED = "session_id object_path runtime_path fifo_fd uid seat_id vtnr existing"


def _not_here(_: object) -> tuple[str]:
    return ("na",)


def _nothing_to_do(*_: object) -> tuple[()]:
    return ()


_OPERATIONS = (
    ("PowerOff", "poweroff", "Powers off, through openrc-shutdown."),
    ("Reboot", "reboot", "Reboots, through openrc-shutdown."),
    ("Halt", "halt", "Halts, through openrc-shutdown."),
    ("Suspend", "suspend", "Suspends, by /sys/power/state."),
    ("Hibernate", "hibernate", "Hibernates, by /sys/power."),
    ("HybridSleep", "hybrid-sleep", "Suspends with an image on disk."),
    ("SuspendThenHibernate", "suspend-then-hibernate", "Suspends, and hibernates later."),
)
_BOOT_TARGETS = (
    ("RebootParameter", "s", "parameter"),
    ("RebootToFirmwareSetup", "b", "enable"),
    ("RebootToBootLoaderMenu", "t", "timeout"),
    ("RebootToBootLoaderEntry", "s", "boot_loader_entry"),
)

METHODS = (
    Method("GetSession", "s", "o", "session_id -> object_path", lookup.get_session,
           "By id; the caller's own for self, auto and an empty one.", who=KNOWN),
    Method("GetSessionByPID", "u", "o", "pid -> object_path", lookup.get_session_by_pid,
           "By the process's cgroup; 0 is the caller.", who=KNOWN),
    Method("GetUser", "u", "o", "uid -> object_path", lookup.get_user, "By uid; the caller's for 4294967295.",
           who=KNOWN),
    Method("GetUserByPID", "u", "o", "pid -> object_path", lookup.get_user_by_pid,
           "By the process's cgroup; 0 is the caller.", who=KNOWN),
    Method("GetSeat", "s", "o", "seat_id -> object_path", lookup.get_seat,
           "By name; the caller's own for self, auto and an empty one.", who=KNOWN),
    Method("ListSessions", "", "a(susso)", "-> sessions", lookup.list_sessions, "The one session.", kind=STATIC),
    Method("ListSessionsEx", "", "a(sussussbto)", "-> sessions", lookup.list_sessions_ex,
           "The one session, with leader, class, terminal and idleness."),
    Method("ListUsers", "", "a(uso)", "-> users", lookup.list_users, "The one user.", kind=STATIC),
    Method("ListSeats", "", "a(so)", "-> seats", lookup.list_seats, "seat0.", kind=STATIC),
    Method("ListInhibitors", "", "a(ssssuu)", "-> inhibitors", inhibitors.list_inhibitors,
           "What is inhibited, by whom, why, how, uid and pid."),
    Method("CreateSession", "uusssssussbssa(sv)", "soshusub", f"uid pid {_CREATE} properties -> {_CREATED}",
           _OPENING, _WHY_OPENING, kind=REFUSED, privileged=True),
    Method("CreateSessionWithPIDFD", "uhsssssussbssta(sv)", "soshusub",
           f"uid pidfd {_CREATE} flags properties -> {_CREATED}",
           _OPENING, _WHY_OPENING, kind=REFUSED, privileged=True),
    Method("ReleaseSession", "s", "", "session_id", _OPENING, _WHY_OPENING, kind=REFUSED, check=check_session),
    Method("ActivateSession", "s", "", "session_id", acts.activate, "Succeeds: the one session is always active.",
           kind=STATIC, who=TRUSTED, check=check_session),
    Method("ActivateSessionOnSeat", "ss", "", "session_id seat_id", acts.activate, "Likewise.", kind=STATIC,
           who=TRUSTED, check=acts.check_session_and_seat),
    Method("LockSession", "s", "", "session_id", acts.named(acts.sends("Lock")), "Sends the session's Lock.",
           who=TRUSTED, check=check_session),
    Method("UnlockSession", "s", "", "session_id", acts.named(acts.sends("Unlock")), "Sends the session's Unlock.",
           who=TRUSTED, check=check_session),
    Method("LockSessions", "", "", "", acts.sends("Lock"), "Sends the session's Lock.", who=TRUSTED),
    Method("UnlockSessions", "", "", "", acts.sends("Unlock"), "Sends the session's Unlock.", who=TRUSTED),
    Method("KillSession", "ssi", "", "session_id whom signal_number", acts.named(acts.kill),
           "Signals the leader, or all processes in the session's cgroup.", who=TRUSTED,
           check=acts.check_kill_session),
    Method("KillUser", "ui", "", "uid signal_number", acts.named(acts.kill_user),
           "Signals all processes in the session's cgroup.", who=TRUSTED, check=check_user),
    Method("TerminateSession", "s", "", "session_id", acts.named(acts.terminate),
           "Ends the session, as logging out does.", who=TRUSTED, check=check_session),
    Method("TerminateUser", "u", "", "uid", acts.named(acts.terminate), "Ends the session.", who=TRUSTED,
           check=check_user),
    Method("TerminateSeat", "s", "", "seat_id", acts.named(acts.terminate), "Ends the session.", who=TRUSTED,
           check=check_seat),
    Method("SetUserLinger", "ubb", "", "uid enable interactive", _LINGER,
           "NotSupported: no manager runs for the user, so none can linger.", kind=REFUSED),
    Method("AttachDevice", "ssb", "", "seat_id sysfs_path interactive", _SEATS,
           "NotSupported: one seat, and all devices are its own.", kind=REFUSED),
    Method("FlushDevices", "b", "", "interactive", _nothing_to_do, "Succeeds: no device is attached elsewhere.",
           kind=STATIC, who=TRUSTED),
    *(Method(name + form, type, "", argument, requests.begins(action), text, who=TRUSTED,
             check=requests.checks(action))
      for name, action, text in _OPERATIONS for form, type, argument in (("", "b", "interactive"),
                                                                         ("WithFlags", "t", "flags"))),
    Method("Sleep", "t", "", "flags", requests.sleep, "The first of SleepOperation.", who=TRUSTED,
           check=requests.check_sleep),
    *(Method(f"Can{name}", "", "s", "-> result", requests.can(action),
             "yes; no for those who may not, and while inhibited; na where p7.toml says so, or kernel or program"
             " for it are missing.", who=KNOWN)
      for name, action, _ in _OPERATIONS),
    Method("CanSleep", "", "s", "-> result", requests.can_sleep, "As Sleep would go.", who=KNOWN),
    Method("ScheduleShutdown", "st", "", "type usec", schedule.schedule,
           "Plans poweroff, reboot or halt; dry- before it only rehearses.", who=TRUSTED, check=schedule.check),
    Method("CancelScheduledShutdown", "", "b", "-> cancelled", schedule.cancel, "Tells whether one was planned.",
           who=KNOWN),
    Method("Inhibit", "ssss", "h", "what who why mode -> pipe_fd", inhibitors.inhibit,
           "Lasts until the descriptor's last copy is closed.", who=TRUSTED, check=inhibitors.check),
    *(row for name, type, argument in _BOOT_TARGETS for row in (
        Method(f"Can{name}", "", "s", "-> result", _not_here, "na: p7 leaves firmware and boot loader alone.",
               kind=STATIC),
        Method(f"Set{name}", type, "", argument, _FIRMWARE, _WHY_FIRMWARE, kind=REFUSED))),
    Method("SetWallMessage", "sb", "", "wall_message enable", schedule.set_wall_message,
           "Sets WallMessage and EnableWallMessages.", who=TRUSTED, check=schedule.check_message),
)  # fmt: skip

SIGNALS = (
    Signal("SecureAttentionKey", "so", "seat_id object_path", "Never sent: nobody watches for the key.", kind=STATIC),
    Signal("SessionNew", "so", "session_id object_path", "The machine's user has appeared."),
    Signal("SessionRemoved", "so", "session_id object_path", "Never sent: the session stays.", kind=STATIC),
    Signal("UserNew", "uo", "uid object_path", "The machine's user has appeared."),
    Signal("UserRemoved", "uo", "uid object_path", "Never sent: the user stays.", kind=STATIC),
    Signal("SeatNew", "so", "seat_id object_path", "The machine's user has appeared."),
    Signal("SeatRemoved", "so", "seat_id object_path", "Never sent: the seat stays.", kind=STATIC),
    Signal("PrepareForShutdownWithMetadata", "ba{sv}", "start metadata", "As PrepareForShutdown, and for what."),
    Signal("PrepareForShutdown", "b", "start", "It begins; or, with false, it did not happen."),
    Signal("PrepareForSleep", "b", "start", "Sleep begins; or, with false, has ended."),
)

INTERFACE = Interface(model.MANAGER, METHODS, PROPERTIES, SIGNALS)
