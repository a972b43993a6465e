"""An X server for the session: the command that runs one under xinit(1), and its cookie (Xsecurity(7))."""

import os

from p7 import Failure, ops, proc
from p7.service import answers

_SOCKETS = "/tmp/.X11-unix/X"
_DISPLAYS = range(10)
_FAMILY_WILD = 0xFFFF  # X11/Xauth.h: whatever the host is called
_PROTOCOL = b"MIT-MAGIC-COOKIE-1"


def command(client: str, environment: dict[str, str], login: dict[str, str]) -> list[str]:
    """What to run for an X session of `client`: it alone if the login's DISPLAY works, else xinit with a server.

    DISPLAY and XAUTHORITY are set in `environment`. Raises Failure if a part is not installed.
    """
    if _is_running(login.get("DISPLAY", "")):
        environment.update({name: login[name] for name in ("DISPLAY", "XAUTHORITY") if name in login})
        return [client]
    xinit, server = (_find(name, environment["PATH"]) for name in ("xinit", "X"))
    number = next((number for number in _DISPLAYS if not answers(f"{_SOCKETS}{number}")), len(_DISPLAYS))
    environment["DISPLAY"] = f":{number}"
    environment["XAUTHORITY"] = f"{environment['XDG_RUNTIME_DIR']}/Xauthority"
    # -keeptty: the server stays in the session that the login made, and with that terminal
    terminal = [f"vt{environment['XDG_VTNR']}", "-keeptty"] if "XDG_VTNR" in environment else []
    options = [environment["DISPLAY"], *terminal, "-nolisten", "tcp", "-auth", environment["XAUTHORITY"]]
    return [xinit, client, "--", server, *options]


def write_cookie(environment: dict[str, str]) -> None:
    """A fresh XAUTHORITY file: who can read it may connect to DISPLAY, and nobody else. Raises Failure."""
    folder, name = os.path.split(environment["XAUTHORITY"])
    fields = (b"", environment["DISPLAY"].removeprefix(":").encode(), _PROTOCOL, os.urandom(16))
    data = _FAMILY_WILD.to_bytes(2, "big") + b"".join(len(field).to_bytes(2, "big") + field for field in fields)
    try:
        folder_fd = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        ops.replace(name, folder_fd, data, 0o600)
        os.close(folder_fd)
    except OSError as error:
        text = f"{folder}/{name}: {error.strerror}; without it X lets nobody in, so make room for it in that folder"
        raise Failure(text) from None


def _is_running(display: str) -> bool:
    """Whether DISPLAY names a server of this machine that answers."""
    number = display.removeprefix(":").partition(".")[0]
    return display.startswith(":") and number.isdecimal() and answers(_SOCKETS + number)


def _find(name: str, path: str) -> str:
    found = proc.find(name, path)
    if not found:
        raise Failure(f"no X session: {name} is not in {path}", 127)
    return found
