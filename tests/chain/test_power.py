"""What the broker does for the facade, asked for over D-Bus by the session's user: power, sleep, light, signals."""

import signal
import subprocess
import sys
import time

import pytest

from tests.chain.seat import SCOPE, Bridge, Seat, wait
from tests.lab.private import LAIN
from tests.need import need

MANAGER = ["/org/freedesktop/login1", "org.freedesktop.login1.Manager"]
SESSION = ["/org/freedesktop/login1/session/_31", "org.freedesktop.login1.Session"]
# Writes down how it was called, and what else a child of root's daemon should not have.
RECORD = """\
#!/bin/sh
{ echo "$0 $*"; env | sort; ls /proc/self/fd; grep SigIgn /proc/self/status; ps -o sid= -p $$; echo $$; } >/run/record
"""
_GLIBC = 0x180000000  # signals 32 and 33: its posix_spawn leaves its own two ignored


@pytest.fixture(autouse=True)
def _needs():
    need("dbus-send", "dbus-bin")


def _call(seat, place, member, *arguments, uid=LAIN):
    """What came of a method call: the reply or the error, as dbus-send prints them."""
    done = seat.run(_sending(place, member, *arguments), uid)
    return done.stdout if done.returncode == 0 else done.stderr


def _sending(place, member, *arguments):
    path, interface = place
    send = ["dbus-send", "--system", "--print-reply", "--dest=org.freedesktop.login1"]
    return [*send, path, f"{interface}.{member}", *arguments]


def test_a_command_of_p7_toml_runs_clean(p7):
    with Seat(p7, toml='[power]\npoweroff = ["/run/record.sh", "a b"]\n') as seat:
        seat.put("/run/record.sh", RECORD, 0o755)
        assert "method return" in _call(seat, MANAGER, "PowerOff", "boolean:false")
        lines = seat.path("/run/record").read_text().splitlines()
        pid = lines.pop()
        assert lines.pop().strip() == pid  # a session of its own: the supervisor's signals pass it by
        assert int(lines.pop().split()[1], 16) & ~_GLIBC == 0
        assert lines[0] == "/run/record.sh a b"
        assert {line.partition("=")[0] for line in lines[1:] if "=" in line} <= {"LANG", "PATH", "PWD", "_", "SHLVL"}
        assert [line for line in lines[1:] if "=" not in line] == ["0", "1", "2", "3"]  # 3 is ls's own


def test_a_shutdown_that_fails_is_told(p7):
    with Seat(p7, toml='[power]\npoweroff = ["/bin/false"]\nreboot = ["/run/nosuch"]\nhalt = "off"\n') as seat:
        assert "ended with 1" in _call(seat, MANAGER, "PowerOff", "boolean:false")
        assert "/run/nosuch" in _call(seat, MANAGER, "Reboot", "boolean:false")
        assert "NotSupported" in _call(seat, MANAGER, "Halt", "boolean:false")
        assert "method return" in _call(seat, MANAGER, "ListSeats")


@pytest.fixture
def sleeper(p7):
    """A machine whose kernel can suspend, as far as plain files tell, with a hook that takes its time."""
    with Seat(p7) as seat:
        if not seat.path("/sys/power").is_dir():
            pytest.skip("this kernel has no /sys/power")
        seat.run(["mount", "-t", "tmpfs", "tmpfs", "/sys/power"])
        seat.path("/sys/power/state").write_text("freeze mem\n")
        hook = '#!/bin/sh\necho "$1 $2 $(cat /sys/power/state)" >>/run/hooks\n[ "$1" = post ] || sleep 0.5\n'
        seat.put("/etc/elogind/system-sleep/10-slow", hook, 0o755)
        yield seat


def test_a_sleep_with_hooks_keeps_nobody_waiting(sleeper):
    seat = sleeper
    begun = time.monotonic()
    assert "method return" in _call(seat, MANAGER, "Suspend", "boolean:false")
    assert "in progress" in _call(seat, MANAGER, "Suspend", "boolean:false")
    login = seat.login()
    wait(lambda: seat.session().get("LEADER") == str(login.pid), "a login meanwhile")
    assert time.monotonic() - begun < 0.5, "the hook has ended, so this shows nothing"
    wait(lambda: seat.path("/run/hooks").read_text().count("\n") == 2, "both hooks ran")
    before, after = seat.path("/run/hooks").read_text().splitlines()
    assert before == "pre suspend freeze mem"
    assert after.startswith("post suspend mem")
    wait(lambda: "method return" in _call(seat, MANAGER, "Suspend", "boolean:false"), "it can sleep again")


def test_a_broker_that_is_killed_in_a_sleep_ends_its_facade_and_not_the_sleep(sleeper):
    seat = sleeper
    _call(seat, MANAGER, "Suspend", "boolean:false")
    seat.bridge.kill()
    seat.bridge.ended()
    seat.bridge = seat.start_bridge()
    wait(lambda: seat.path("/run/hooks").read_text().count("\n") == 2, "both hooks ran")


def test_brightness(p7):
    with Seat(p7) as seat:
        seat.run(["mount", "-t", "tmpfs", "tmpfs", "/sys/class"])
        seat.put("/sys/class/backlight/panel/max_brightness", "100\n")
        seat.put("/sys/class/backlight/panel/brightness", "50\n")
        arguments = ["string:backlight", "string:panel"]
        assert "method return" in _call(seat, SESSION, "SetBrightness", *arguments, "uint32:7")
        assert seat.path("/sys/class/backlight/panel/brightness").read_text() == "70\n"  # a plain file keeps its rest
        assert "Error" in _call(seat, SESSION, "SetBrightness", *arguments, "uint32:101")
        assert "Error" in _call(seat, SESSION, "SetBrightness", "string:leds", "string:../backlight/panel", "uint32:1")


def test_the_session_s_processes_are_signalled_and_ended(p7):
    with Seat(p7) as seat:
        login = seat.login()
        wait(lambda: "sleep" in seat.processes(), "the session is open")
        assert "method return" in _call(seat, SESSION, "Kill", "string:leader", "int32:19")
        wait(lambda: login.status("State")[0] == "T", "the leader is stopped")
        assert "dbus-daemon" in seat.processes()
        assert "method return" in _call(seat, SESSION, "Terminate")
        wait(lambda: seat.processes() == [] and "LEADER" not in seat.session(), "everything has ended")


def test_what_takes_its_time_to_end_is_given_it_although_the_leader_is_gone(p7):
    with Seat(p7) as seat:
        login = seat.login()
        wait(lambda: "sleep" in seat.processes(), "the session is open")
        saves = (
            f"echo 0 >{SCOPE}/cgroup.procs; trap 'sleep 0.5; touch /run/saved; exit' TERM; while :; do sleep 0.1; done"
        )
        seat.start(["sh", "-c", saves])
        wait(lambda: "sh" in seat.processes(), "an editor runs")
        assert "method return" in _call(seat, SESSION, "Terminate")
        login.ended()
        wait(lambda: seat.processes() == [], "everything has ended")
        assert seat.path("/run/saved").exists()


def test_somebody_else_may_do_none_of_it(p7):
    with Seat(p7, toml='[power]\npoweroff = ["/run/record.sh"]\n') as seat:
        seat.put("/run/record.sh", RECORD, 0o755)
        login = seat.login()
        wait(lambda: "sleep" in seat.processes(), "the session is open")
        for place, member, *arguments in (
            (MANAGER, "PowerOff", "boolean:false"),
            (SESSION, "Terminate"),
            (SESSION, "Kill", "string:all", "int32:9"),
        ):
            assert "AccessDenied" in _call(seat, place, member, *arguments, uid=1001)
        assert not seat.path("/run/record").exists()
        assert login.popen.poll() is None


# p7 with a module's limit in seconds made shorter: a test has no 80 s for a program that hangs.
IMPATIENT = """
import importlib, sys
module, name, seconds = sys.argv[1:4]
del sys.argv[:4]
sys.path.insert(0, sys.argv[0])
setattr(importlib.import_module(module), name, float(seconds))
from p7 import dispatch
dispatch.start(sys.argv)
"""


@pytest.mark.parametrize(
    ("module", "limit", "answer"),
    [("p7.broker.power", "_SHUTDOWN_SEC", "/run/hang: runs still after 1 s"), ("p7.login1.power", "_STUCK_SEC", "")],
)
def test_a_shutdown_that_hangs_does_not_stand_in_the_way_for_good(p7, module, limit, answer):
    """The broker answers for it; and if it did not, the facade would go on without."""
    with Seat(p7, toml='[power]\npoweroff = ["/run/hang"]\nreboot = ["/bin/touch", "/run/done"]\n') as seat:
        seat.put("/run/hang", "#!/bin/sh\nexec sleep 60\n", 0o755)
        seat.bridge.kill(signal.SIGTERM)
        seat.bridge.ended()
        seat.bridge = Bridge(seat, [sys.executable, "-c", IMPATIENT, module, limit, "1"])
        call = seat.start(_sending(MANAGER, "PowerOff", "boolean:false"), LAIN, stderr=subprocess.PIPE)
        preparing = ["/org/freedesktop/login1", "org.freedesktop.DBus.Properties"]
        get = [f"string:{MANAGER[1]}", "string:PreparingForShutdown"]
        for state in ("true", "false"):
            wait(lambda state=state: state in _call(seat, preparing, "Get", *get), f"it becomes {state}", 5)
        if answer:
            assert answer in call.communicate(timeout=5)[1]
            assert "method return" in _call(seat, MANAGER, "Reboot", "boolean:false")
            assert seat.path("/run/done").exists()
        assert seat.run(["pgrep", "-x", "sleep"]).returncode == 0
