"""org.freedesktop.login1.User, row by row."""

from p7.dbus.interface import CONST, SIGNALLED, SILENT, STATIC, TRUSTED, Interface, Method, Property
from p7.identity import SESSION_ID, SESSION_PATH, STATE
from p7.login1 import acts, model

METHODS = (
    Method("Terminate", "", "", "", acts.terminate, "Ends the session.", who=TRUSTED),
    Method("Kill", "i", "", "signal_number", acts.kill_user, "Signals all processes in the session's cgroup.",
           who=TRUSTED),
)  # fmt: skip

PROPERTIES = (
    Property("UID", "u", CONST, lambda s: s.user.uid, "From /etc/passwd."),
    Property("GID", "u", CONST, lambda s: s.user.gid, "From /etc/passwd."),
    Property("Name", "s", CONST, lambda s: s.user.name, "From /etc/passwd."),
    Property("Timestamp", "t", CONST, lambda s: s.since.realtime_usec, "As the session's."),
    Property("TimestampMonotonic", "t", CONST, lambda s: s.since.monotonic_usec, "As the session's."),
    Property("RuntimePath", "s", CONST, lambda s: s.user.runtime_path, "/run/user/UID."),
    Property("Service", "s", CONST, lambda _: "", "Empty: no manager runs for the user.", kind=STATIC),
    Property("Slice", "s", CONST, lambda s: s.user.slice.rpartition("/")[2], "The cgroup's name."),
    Property("Display", "(so)", SIGNALLED, lambda _: (SESSION_ID, SESSION_PATH), "The session.", kind=STATIC),
    Property("State", "s", SILENT, lambda _: STATE, "active.", kind=STATIC),
    Property("Sessions", "a(so)", SILENT, lambda _: [(SESSION_ID, SESSION_PATH)], "The session.", kind=STATIC),
    Property("IdleHint", "b", SIGNALLED, lambda s: s.idle, "As the session's."),
    Property("IdleSinceHint", "t", SIGNALLED, lambda s: s.idle_since.realtime_usec, "As the session's."),
    Property("IdleSinceHintMonotonic", "t", SIGNALLED, lambda s: s.idle_since.monotonic_usec, "As the session's."),
    Property("Linger", "b", SIGNALLED, lambda _: False, "False: no manager lingers.", kind=STATIC),
)

INTERFACE = Interface(model.USER, METHODS, PROPERTIES)
