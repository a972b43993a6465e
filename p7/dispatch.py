"""From argv to one applet, and from its exceptions to an exit status; nothing else in p7 does either.

Exit statuses: 0 done, 1 a step failed, 2 usage, 77 wrong privilege (EX_NOPERM of sysexits.h), 126 and 127 as the
shell's: found but not executable, not found.
"""

import os
import stat
import sys

from p7 import Failure, log, meant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import NoReturn

APPLETS = (
    "cgroup-delegate",
    "lainos-audio-init",
    "lainos-dbus-bridge",
    "lainos-ghost-units",
    "lainos-init",
    "lainos-net-init",
    "lainos-notifyd",
)
ALIASES = {"audio-init": "lainos-audio-init", "net-init": "lainos-net-init"}
LINKS = (*APPLETS, *ALIASES)
TOOLS = ("abi", "finalize", "seal-conf", "seal-guard", "seal-verify")


def start(argv: list[str]) -> "NoReturn":
    """Run main() and leave the process at once: the interpreter's own tidying up costs a fifth of a bare start."""
    _keep_standard_fds()
    status = main(argv)
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:  # closed before we began
                stream.flush()
    except OSError as error:
        if status == 0:  # else it has been said
            log.error(f"writing the output: {error.strerror}")
            status = 1
    os._exit(status)


def _keep_standard_fds() -> None:
    """Put /dev/null where 0, 1 or 2 is closed: a socket opened there would get what is meant for a terminal."""
    for fd in range(3):
        try:
            os.fstat(fd)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)


def main(argv: list[str]) -> int:
    """Run what argv asks for and return the exit status."""
    own_name = name = os.path.basename(argv[0])
    args = argv[1:]
    if name not in LINKS and name.startswith(("p7", "__main__")):
        own_name = "p7"
        if not args or args[0].startswith("-"):
            return _guard(own_name, lambda: _program(args))
        name, args = args[0], args[1:]
    return _guard(name if name in (*LINKS, *TOOLS) else own_name, lambda: _applet(name, args))


def load(name: str) -> "ModuleType":
    """The module of an applet or tool. Raises Failure 127, with those that exist, for any other name."""
    name = ALIASES.get(name, name)
    if name not in APPLETS and name not in TOOLS:
        names = (*LINKS, *TOOLS)
        raise Failure(f"no applet named {name!r}{meant(name, names) or '; there are: ' + ' '.join(names)}", 127)
    return __import__("applets." + name.replace("-", "_"), fromlist=["run"])


def call(module: "ModuleType", **arguments: object) -> int:
    """Check the applet's privilege, then run it."""
    euid = os.geteuid()
    if module.PRIVILEGE == "root" and euid != 0:
        raise Failure("must be run as root", 77)
    if module.PRIVILEGE == "user" and euid == 0:
        raise Failure("must not be run as root: it belongs to the session of an ordinary user", 77)
    if "ready_fd" in arguments and not _is_pipe(arguments["ready_fd"]):
        # Before OpenRC 0.62 it is closed, and a file that the applet opens would get its number; when 0.64 starts a
        # daemon anew, it is the supervisor's socket to syslog.
        arguments["ready_fd"] = -1
    status: int = module.run(**arguments)
    return status


def _is_pipe(fd: object) -> bool:
    try:
        return isinstance(fd, int) and stat.S_ISFIFO(os.fstat(fd).st_mode)  # None: the option was not given
    except OSError:
        return False


def _program(args: list[str]) -> int:
    if not args:
        from p7 import menu

        return menu.show()
    from p7 import cli

    return cli.program(args)


def _applet(name: str, args: list[str]) -> int:
    module = load(name)
    if not args:
        return call(module)
    if _is_daemon(module) and len(args) == 2 and args[0] == "--ready-fd" and args[1].isdecimal():
        # OpenRC gives its daemons this option at every boot: it must not cost click's import.
        return call(module, ready_fd=int(args[1]))
    from p7 import cli

    return cli.applet(name, module, args)


def _is_daemon(module: "ModuleType") -> bool:
    return "ready_fd" in (module.run.__kwdefaults__ or ())


def _guard(name: str, run: "Callable[[], int]") -> int:
    log.start(name)
    try:
        return run()
    except Failure as failure:
        log.fatal(str(failure))
        return failure.status
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        log.fatal(describe(error))
        return 1
    except Exception as error:
        log.fatal(f"internal error, please report it: {error!r} at {_where(error)}")
        return 1


def describe(error: OSError) -> str:
    """`path: reason` of an OSError, without Python's decoration."""
    reason = error.strerror or str(error)
    return f"{error.filename}: {reason}" if error.filename is not None else reason


def _where(error: Exception) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace is not None else "?"
