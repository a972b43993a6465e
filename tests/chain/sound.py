"""A session that lainos-audio-init runs in."""

import socket
import time

from tests.lab.private import LAIN, Private
from tests.need import need

RUNTIME = f"/run/user/{LAIN}"
DAEMONS = ("pipewire", "wireplumber", "pipewire-pulse")
SCOPE = f"/user.slice/user-{LAIN}.slice/session-1.scope"
_BUS = f"unix:path={RUNTIME}/bus"
_PATH = "/usr/bin:/bin"


class Session(Private):
    """A machine as a session finds it, with a session bus."""

    def __init__(self, p7):
        super().__init__(cgroups="unified")
        self.p7 = p7

    def __enter__(self):
        for program in (*DAEMONS, "dbus-daemon"):
            need(program, program)
        super().__enter__()
        for applet in ("cgroup-delegate", "lainos-ghost-units"):
            assert self.run([self.p7, applet]).returncode in (0, 1)  # 1: no controllers on this machine
        self.run(["dbus-daemon", "--session", "--fork", f"--address={_BUS}"], uid=LAIN)
        return self

    def command_line(self, *argv, **variables):
        """`argv` with a session's environment and nothing else."""
        environment = {"XDG_RUNTIME_DIR": RUNTIME, "HOME": RUNTIME, "PATH": _PATH, "DBUS_SESSION_BUS_ADDRESS": _BUS}
        environment |= variables
        return ["env", "-i", *(f"{key}={value}" for key, value in environment.items() if value), *argv]

    def audio(self, **variables):
        """Run the applet where a session's programs run."""
        argv = self.command_line(self.p7, "lainos-audio-init", **variables)
        join = f'echo 0 >/sys/fs/cgroup{SCOPE}/cgroup.procs; exec setpriv --reuid={LAIN} --clear-groups "$@"'
        return self.run(["sh", "-c", join, "sh", *argv])

    def pids(self):
        """Name to pid inside of the daemons that live; a name that has two fails the test."""
        found = {}
        for name in DAEMONS:
            words = self.run(["pgrep", "-x", name, "--runstates", "RSD"]).stdout.split()
            assert len(words) <= 1, name
            if words:
                found[name] = int(words[0])
        return found

    def keeper(self):
        """The pid of the process that stays behind, empty without one."""
        return self.run(["pgrep", "-f", "lainos-audio-init", "--runstates", "RSD"]).stdout.strip()

    def keeper_ends(self):
        """Wait until nobody stays behind."""
        wait_for(lambda: not self.keeper())

    def syslog(self):
        """The socket that log lines come from."""
        log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        log.settimeout(5)
        log.bind(str(self.path("/dev/log")))
        self.path("/dev/log").chmod(0o666)
        return log

    def put(self, path, text):
        self.path(path).write_text(text)
        self.path(path).chmod(0o755)


def wait_for(is_so, seconds=5):
    """Until that is true."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)
