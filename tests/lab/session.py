"""The session of a booted machine: run what a person in it would run, log out, log in again."""

from __future__ import annotations

from itertools import count

from tests.lab.boot import Boot, until
from tests.lab.checks import login1_answers, sway_answers
from tests.lab.inside import RUNTIME_DIR, USER, ask, compositor, shown, swaymsg

_numbers = count(1)

SCRIPT = """\
(
{command}
) >{name}.out 2>&1
echo $? >{name}.part
mv {name}.part {name}.status
"""


def in_session(boot: Boot, command: str, timeout: float = 10) -> tuple[int, str]:
    """Have sway run a shell command, so that it is the session's as a terminal's would be; exit status and output."""
    name = f"{RUNTIME_DIR}/lab-{next(_numbers)}"
    boot.path(f"{name}.sh").write_text(SCRIPT.format(name=name, command=command))
    swaymsg(boot, "exec", f"sh {name}.sh")
    status = f"{name}.status"
    until(lambda: boot.path(status).exists(), timeout, command, lambda: output(boot, f"{name}.out"))
    return int(boot.path(status).read_text()), output(boot, f"{name}.out")


def says(boot: Boot, command: str, timeout: float = 10) -> str:
    """What a command in the session writes; AssertionError with it if it fails."""
    code, text = in_session(boot, command, timeout)
    assert code == 0, f"{command}: exit {code}: {text}"
    return text


def behind(boot: Boot, command: str) -> str:
    """Start a command in the session and go on; the path inside of the file that gets its output."""
    file = f"{RUNTIME_DIR}/lab-{next(_numbers)}.log"
    swaymsg(boot, "exec", f"exec {command} >{file} 2>&1")
    until(lambda: boot.path(file).exists(), 10, f"{command} is started")
    return file


def output(boot: Boot, file: str) -> str:
    try:
        return boot.path(file).read_text(errors="replace")
    except FileNotFoundError:
        return ""


def writes(boot: Boot, file: str, text: str, timeout: float = 10) -> str:
    """Wait until a program has written a text to a file inside; all of the file."""
    until(lambda: text in output(boot, file), timeout, f"{text!r} is in {file}", lambda: output(boot, file))
    return output(boot, file)


def log_out(boot: Boot) -> None:
    """End whatever leads the session."""
    pid = shown(boot, "show-session", "1")["Leader"]
    if pid != "0":
        ask(boot, "kill", pid)
    ended(boot)


def ended(boot: Boot) -> None:
    """Wait until nothing leads the session."""
    until(lambda: shown(boot, "show-session", "1")["Leader"] == "0", 10, "the session has no leader")


def log_in(boot: Boot) -> None:
    """Begin a session with sway."""
    greet(boot)
    logged_in(boot)


def choose(boot: Boot, compositor: str) -> None:
    """Begin a session with another compositor, as the user's own file says from now on."""
    path = boot.path(f"home/{USER}/.config/lainos/session.env")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"P7_COMPOSITOR={compositor}\n")
    greet(boot)


def greet(boot: Boot) -> None:
    """Have greetd run its initial session, which it does once a boot and remembers in this file."""
    boot.path("run/greetd.run").unlink()
    ask(boot, "rc-service", "greetd", "restart")


def logged_in(boot: Boot) -> None:
    """Wait until sway leads the session."""
    sway_answers(boot)
    login1_answers(boot)
    until(lambda: shown(boot, "show-session", "1")["Leader"] == str(compositor(boot)), 10, "sway leads the session")
