"""What both services are asked, one row a question: by whom, then a call's path, interface, member and arguments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.bus.client import MANAGER, PATH, PROPERTIES, SEAT, SEAT_PATH, SESSION, USER, USER_PATH, Client, Error

LAIN, STRANGER, ROOT = 1000, 1001, 0
AUTO = f"{PATH}/session/auto"
PEER = "org.freedesktop.DBus.Peer"
INTROSPECTABLE = "org.freedesktop.DBus.Introspectable"
NO_SUCH = f"{PATH}/session/no_5fsuch"
# An argument that stands for the session's id, and a path that stands for its object
ID, SESSION_PATH = "<id>", "<session>"


@dataclass(frozen=True)
class Question:
    """One call."""

    member: str
    signature: str = ""
    values: tuple[Any, ...] = ()
    path: str = PATH
    interface: str | None = MANAGER
    uid: int = LAIN

    def __str__(self) -> str:
        who = {LAIN: "", ROOT: "root: ", STRANGER: "stranger: "}[self.uid]
        interface = (self.interface or "-").rpartition(".")[2]
        return f"{who}{self.path.removeprefix(PATH) or '/'} {interface}.{self.member}{self.values}"

    def ask(self, client: Client, session: str, path: str) -> tuple[str, Any]:
        """The reply's signature and values, or the error's name and text, with the session's own names replaced."""
        values = tuple(session if value == ID else value for value in self.values)
        where = path if self.path == SESSION_PATH else self.path
        try:
            reply = client.ask(
                client.message(self.member, self.signature, *values, path=where, interface=self.interface)
            )
        except Error as error:
            return error.name, _neutral(error.text, session, path)
        return "", _neutral(reply.body, session, path)


def _neutral(value: Any, session: str, path: str) -> Any:
    """The same with the session's id and path replaced, so that two services' answers compare."""
    if isinstance(value, str):
        return ID if value == session else value.replace(path, SESSION_PATH).replace(f"'{session}'", f"'{ID}'")
    if isinstance(value, list):
        return [_neutral(item, session, path) for item in value]
    if isinstance(value, tuple):
        return tuple(_neutral(item, session, path) for item in value)
    if isinstance(value, dict):
        return {key: _neutral(item, session, path) for key, item in value.items()}
    return value


def _call(member: str, signature: str = "", *values: Any, **rest: Any) -> Question:
    return Question(member, signature, values, **rest)


def _property(verb: str, signature: str, *values: Any, **rest: Any) -> Question:
    return Question(verb, signature, values, interface=PROPERTIES, **rest)


def _session(member: str, signature: str = "", *values: Any, **rest: Any) -> Question:
    return Question(member, signature, values, path=SESSION_PATH, interface=SESSION, **rest)


LOOKUPS = [
    _call("GetSession", "s", name, uid=uid)
    for name in (ID, "", "self", "auto", "nope", "../1", "ä" * 50)
    for uid in (LAIN, STRANGER)
] + [
    _call("GetUser", "u", 1000),
    _call("GetUser", "u", 1001),
    _call("GetUser", "u", 0xFFFFFFFF),
    *(_call("GetSeat", "s", name, uid=uid)
      for name in ("seat0", "", "self", "auto", "seat1") for uid in (LAIN, STRANGER)),
    _call("GetSessionByPID", "u", 1),
    _call("GetSessionByPID", "u", 4000000),
    _call("GetSessionByPID", "u", 0x80000001),
    _call("GetUserByPID", "u", 1),
    _call("GetUserByPID", "u", 4000000),
    _call("ListSessions"),
    _call("ListUsers"),
    _call("ListSeats"),
    _call("ListInhibitors"),
]  # fmt: skip

OBJECTS = [
    *(_call("Ping", path=path, interface=PEER) for path in (PATH, "/", "/nowhere", NO_SUCH)),
    *(_call("Nothing", path=path) for path in (PATH, "/", "/nowhere", NO_SUCH)),
    *(_call("Nothing", path=path, interface=None) for path in (PATH, "/", NO_SUCH)),
    *(_call("Introspect", path=path, interface=INTROSPECTABLE) for path in ("/nowhere", NO_SUCH)),
    _call("ListSeats", interface=None),
    _call("ListSeats", interface="org.freedesktop.login1.Nothing"),
    _call("ListSeats", "s", "too much"),
    _call("GetSession", "u", 1),
    _call("GetSession"),
    _call("GetSession", "ss", ID, "more"),
    _call("Lock", path=NO_SUCH, interface=SESSION),
    _call("Lock", path=f"{PATH}/session/self", interface=SESSION, uid=STRANGER),
    _call("Lock", path=AUTO, interface=SESSION, uid=STRANGER),
    _call("Kill", "i", 0, path=f"{PATH}/user/self", interface=USER, uid=STRANGER),
    _call("Nothing", path=AUTO, interface=SESSION),
    _call("Ping", "s", "x", interface=PEER),
]

PROPERTY_CALLS = [
    _property("Get", "ss", MANAGER, "IdleHint"),
    _property("Get", "ss", MANAGER, "Nothing"),
    _property("Get", "ss", SESSION, "Id"),
    _property("Get", "ss", "", "IdleHint"),
    _property("Get", "ss", "no interface", "IdleHint"),
    _property("Get", "s", MANAGER),
    _property("Get", "sss", MANAGER, "IdleHint", "more"),
    _property("Get", "ss", MANAGER, "IdleHint", path="/"),
    _property("Get", "ss", MANAGER, "IdleHint", path="/nowhere"),
    _property("Get", "ss", SESSION, "Id", path=SESSION_PATH),
    _property("Get", "ss", SESSION, "Nothing", path=SESSION_PATH),
    _property("Set", "ssv", MANAGER, "IdleHint", ("b", True)),
    _property("Set", "ssv", MANAGER, "Nothing", ("b", True)),
    _property("Set", "ssv", MANAGER, "WallMessage", ("s", "x"), uid=STRANGER),
    _property("Set", "ssv", MANAGER, "WallMessage", ("u", 1), uid=ROOT),
    _property("Set", "ssv", MANAGER, "WallMessage", ("s", "hello"), uid=ROOT),
    _property("Get", "ss", MANAGER, "WallMessage"),
    _property("Set", "ss", MANAGER, "WallMessage"),
    _property("GetAll", "s", "no.such.Interface"),
    _property("GetAll", "s", PEER),
    _property("GetAll", "s", SESSION),
    _property("GetAll", "ss", MANAGER, "x"),
    _property("GetAll", "", path=SESSION_PATH),
    _property("GetAll", "s", "", path="/"),
    _property("GetAll", "s", "", path="/nowhere"),
    _property("Nothing", ""),
]

INHIBIT = [
    _call("Inhibit", "ssss", what, "who", "why", mode, uid=ROOT)
    for what, mode in (
        ("", "block"), ("sleep", ""), ("sleep", "soft"), ("nothing", "block"), ("sleep:nothing", "block"),
        ("sleep:", "block"), (":sleep", "block"), ("sleep::idle", "block"), ("SLEEP", "block"), ("idle", "delay"),
        ("sleep:idle", "delay"), ("handle-power-key", "delay"), ("nothing", "nothing"), ("sleep sleep", "block"),
    )
]  # fmt: skip

ACTS = [
    *(_call(member, signature, *values, uid=uid)
      for member, signature, values in (
          ("LockSession", "s", (ID,)), ("LockSession", "s", ("nope",)), ("UnlockSession", "s", (ID,)),
          ("LockSessions", "", ()), ("ActivateSession", "s", (ID,)), ("ActivateSession", "s", ("nope",)),
          ("ActivateSessionOnSeat", "ss", (ID, "seat0")), ("ActivateSessionOnSeat", "ss", (ID, "seat1")),
          ("KillSession", "ssi", (ID, "leader", 0)), ("KillSession", "ssi", (ID, "leader", 65)),
          ("KillSession", "ssi", (ID, "nobody", 15)), ("KillSession", "ssi", ("nope", "all", 15)),
          ("KillUser", "ui", (1001, 15)), ("KillUser", "ui", (1000, -1)), ("TerminateSession", "s", ("nope",)),
          ("TerminateUser", "u", (1001,)), ("TerminateSeat", "s", ("seat1",)),
          ("ReleaseSession", "s", ("nope",)), ("SetUserLinger", "ubb", (1000, True, False)),
          ("AttachDevice", "ssb", ("seat0", "/sys/class/nothing", False)), ("FlushDevices", "b", (False,)),
          ("SetWallMessage", "sb", ("text", False)), ("SetRebootParameter", "s", ("x",)),
          ("SetRebootToFirmwareSetup", "b", (True,)), ("SetRebootToBootLoaderMenu", "t", (1,)),
          ("SetRebootToBootLoaderEntry", "s", ("x",)), ("ScheduleShutdown", "st", ("nothing", 1)),
          ("CancelScheduledShutdown", "", ()), ("PowerOffWithFlags", "t", (1 << 40,)),
          ("PowerOffWithFlags", "t", (2,)), ("HaltWithFlags", "t", (4,)), ("RebootWithFlags", "t", (6,)),
          ("Hibernate", "b", (False,)), ("HybridSleepWithFlags", "t", (0,)),
          ("CanPowerOff", "", ()), ("CanReboot", "", ()), ("CanHalt", "", ()), ("CanSuspend", "", ()),
          ("CanHibernate", "", ()), ("CanHybridSleep", "", ()), ("CanSuspendThenHibernate", "", ()),
          ("CanRebootParameter", "", ()), ("CanRebootToFirmwareSetup", "", ()),
          ("CanRebootToBootLoaderMenu", "", ()), ("CanRebootToBootLoaderEntry", "", ()))
      for uid in (ROOT, LAIN, STRANGER)),
    *(_session(member, signature, *values, uid=uid)
      for member, signature, values in (
          ("Lock", "", ()), ("Unlock", "", ()), ("Activate", "", ()), ("SetIdleHint", "b", (True,)),
          ("SetIdleHint", "b", (False,)), ("SetLockedHint", "b", (True,)), ("SetLockedHint", "b", (False,)),
          ("Kill", "si", ("leader", 0)), ("Kill", "si", ("nobody", 15)), ("ReleaseControl", "", ()),
          ("TakeControl", "b", (False,)), ("ReleaseControl", "", ()),
          ("SetType", "s", ("nothing",)), ("SetType", "s", ("x11",)), ("SetDisplay", "s", (":0",)),
          ("TakeDevice", "uu", (226, 0)), ("ReleaseDevice", "uu", (226, 0)), ("PauseDeviceComplete", "uu", (226, 0)),
          ("SetBrightness", "ssu", ("nothing", "x", 1)), ("SetBrightness", "ssu", ("leds", "../x", 1)),
          ("SetBrightness", "ssu", ("leds", "", 1)), ("SetBrightness", "ssu", ("leds", "nothing", 1)))
      for uid in (ROOT, LAIN, STRANGER)),
    *(Question(member, signature, values, path=SEAT_PATH, interface=SEAT, uid=uid)
      for member, signature, values in (("ActivateSession", "s", (ID,)), ("ActivateSession", "s", ("nope",)),
                                        ("SwitchTo", "u", (0,)), ("SwitchTo", "u", (64,)))
      for uid in (ROOT, STRANGER)),
    Question("Kill", "i", (0,), path=USER_PATH, interface=USER, uid=ROOT),
    Question("Kill", "i", (99,), path=USER_PATH, interface=USER, uid=STRANGER),
]  # fmt: skip

ALL = [*LOOKUPS, *OBJECTS, *PROPERTY_CALLS, *INHIBIT, *ACTS]
