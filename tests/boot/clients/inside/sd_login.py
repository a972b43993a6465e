"""What libsystemd answers about this process and its session, asked in every way there is (sd-login(3)); JSON.

A question about a process that it refuses has null for an answer, for the errno is not the same in every way.
"""

from __future__ import annotations

import json
import os
import socket
from ctypes import CDLL, POINTER, byref, c_char_p, c_int, c_uint

WORDS = ("session", "cgroup", "slice", "unit", "user_slice", "user_unit", "machine_name")
"""What sd_pid_get_*, sd_peer_get_* and sd_pidfd_get_* tell as a word; the uid is asked besides."""
SESSION_WORDS = ("state", "seat", "type", "class", "desktop", "username", "service")
SESSION_FLAGS = ("active", "remote")

libsystemd = CDLL("libsystemd.so.0")


def word(function: str, *arguments: object) -> object:
    """The string that sd_FUNCTION(ARGUMENTS, char **ret) gives."""
    text = c_char_p()
    status = getattr(libsystemd, f"sd_{function}")(*arguments, byref(text))
    return text.value.decode() if status >= 0 and text.value is not None else status


def number(function: str, *arguments: object) -> int:
    """The same of what gives a number."""
    value = c_uint()
    status = getattr(libsystemd, f"sd_{function}")(*arguments, byref(value))
    return value.value if status >= 0 else int(status)


def words(function: str, *arguments: object) -> object:
    """The same of what gives a list of strings, and for its status their count."""
    array = POINTER(c_char_p)()
    count = getattr(libsystemd, f"sd_{function}")(*arguments, byref(array))
    return [(array[index] or b"").decode() for index in range(count)] if count >= 0 else count


def about(kind: str, handle: int) -> dict[str, object]:
    """One process's answers, it being named by a pid, a socket or a pidfd."""
    found = {name: word(f"{kind}_get_{name}", c_int(handle)) for name in WORDS}
    found["owner_uid"] = number(f"{kind}_get_owner_uid", c_int(handle))
    return {name: None if isinstance(value, int) and value < 0 else value for name, value in found.items()}


def main() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    uid, session, seat = c_uint(os.getuid()), b"1", b"seat0"
    answers = {
        "pid": about("pid", os.getpid()),
        "pid 0": about("pid", 0),
        "peer": about("peer", ours.fileno()),
        "pidfd": about("pidfd", os.pidfd_open(os.getpid())),
        "session": {
            **{name: word(f"session_get_{name}", session) for name in SESSION_WORDS},
            **{name: getattr(libsystemd, f"sd_session_is_{name}")(session) for name in SESSION_FLAGS},
            "uid": number("session_get_uid", session),
            "leader": number("session_get_leader", session),
        },
        "user": {
            "state": word("uid_get_state", uid),
            "display": word("uid_get_display", uid),
            "sessions": words("uid_get_sessions", uid, c_int(1)),
            "seats": words("uid_get_seats", uid, c_int(1)),
            "on seat0": libsystemd.sd_uid_is_on_seat(uid, c_int(1), seat),
        },
        "machine": {"seats": words("get_seats"), "sessions": words("get_sessions")},
        "seat": {
            "graphical": libsystemd.sd_seat_can_graphical(seat),
            "tty": libsystemd.sd_seat_can_tty(seat),
        },
    }
    print(json.dumps(answers))
    theirs.close()


if __name__ == "__main__":
    main()
