"""lainos-audio-init, the artifact, with the real PipeWire, WirePlumber and pipewire-pulse."""

import os
import re
import signal
import time

import pytest

from tests.chain.sound import DAEMONS, RUNTIME, SCOPE, Session
from tests.lab.private import LAIN
from tests.need import need


def test_sound_comes_up(artifact):
    need("pactl", "pulseaudio-utils")
    with Session(artifact) as session:
        done = session.audio()
        ended = time.time()
        assert (done.returncode, done.stderr, done.stdout) == (0, "", "")
        assert ended - session.path(f"{RUNTIME}/pulse/native").stat().st_ctime < 1  # promised: 0.1 s
        assert set(session.pids()) == set(DAEMONS)
        info = session.run(session.command_line("pactl", "info"), uid=LAIN)
        assert f"Server String: {RUNTIME}/pulse/native\n" in info.stdout
        assert "Default Sink: auto_null\n" in info.stdout  # the session manager's choice


def test_the_daemons_are_on_their_own(session):
    session.audio()
    keeper = session.keeper()
    for name, pid in session.pids().items():
        status = session.run(["cat", f"/proc/{pid}/stat"]).stdout.rpartition(") ")[2].split()
        assert (status[1], status[3]) == (keeper, str(pid)), name  # parent; session, of which it is the leader
        assert session.run(["cat", f"/proc/{pid}/cgroup"]).stdout.strip().endswith(f"{SCOPE}/services")
        names = {entry.partition("=")[0] for entry in session.path(f"/proc/{pid}/environ").read_text().split("\0")}
        assert names - {""} == {"XDG_RUNTIME_DIR", "HOME", "PATH", "DBUS_SESSION_BUS_ADDRESS"}
        assert os.readlink(session.path(f"/proc/{pid}/fd/0")) == "/dev/null"


def test_what_runs_is_left_alone_and_what_is_missing_started(session):
    session.audio()
    before = session.pids()
    assert session.audio().returncode == 0
    assert session.pids() == before
    session.run(["kill", "-KILL", str(before["pipewire-pulse"])])
    assert session.audio().returncode == 0
    after = session.pids()
    assert after.pop("pipewire-pulse") != before.pop("pipewire-pulse")
    assert after == before


def test_two_at_once_start_one_of_each(session):
    argv = session.command_line(session.p7, "lainos-audio-init")
    both = [session.start(argv, uid=LAIN) for _ in range(2)]
    assert [process.wait(20) for process in both] == [0, 0]
    assert set(session.pids()) == set(DAEMONS)


def test_a_daemon_that_ends_is_named_with_its_last_lines(session):
    done = session.audio(WIREPLUMBER_CONFIG_DIR="/nowhere")
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert re.fullmatch(r"lainos-audio-init: wireplumber: ended with status \d+", lines[0])
    assert 2 <= len(lines) <= 6
    assert all(line.startswith("lainos-audio-init: wireplumber: ") for line in lines)
    assert set(session.pids()) == {"pipewire", "pipewire-pulse"}


def test_one_that_ends_just_after_it_was_ready_is_named(session):
    session.path("/run/bin").mkdir()
    session.path("/run/bin/wireplumber").symlink_to("/usr/bin/wireplumber")
    session.path("/run/bin/pipewire").symlink_to("/usr/bin/pipewire")
    server = "import os, socket as s; s = s.socket(s.AF_UNIX); s.bind(b'native'); s.listen(); s.accept(); os._exit(9)"
    script = f'#!/bin/sh\n/bin/mkdir {RUNTIME}/pulse && cd {RUNTIME}/pulse && exec /usr/bin/python3 -c "{server}"\n'
    session.put("/run/bin/pipewire-pulse", script)
    done = session.audio(PATH="/run/bin")
    assert (done.returncode, done.stderr) == (1, "lainos-audio-init: pipewire-pulse: ended with status 9\n")


def test_who_reads_its_output_to_the_end_does_not_wait_for_the_daemons(session):
    argv = session.command_line(session.p7, "lainos-audio-init")
    assert session.run(["timeout", "10", "sh", "-c", 'echo "$("$@")"', "sh", *argv], uid=LAIN).returncode == 0


def test_without_pipewire_the_others_are_not_tried(session):
    done = session.audio(PIPEWIRE_CONFIG_DIR="/nowhere")
    assert done.returncode == 1
    assert re.match(r"lainos-audio-init: pipewire: ended with status \d+\n", done.stderr)
    assert "can't load config" in done.stderr
    assert "wireplumber" not in done.stderr
    assert session.pids() == {}


def test_what_is_not_installed_is_named(session):
    session.path("/run/bin").mkdir()
    for name in ("pipewire", "pipewire-pulse"):
        session.path(f"/run/bin/{name}").symlink_to(f"/usr/bin/{name}")
    done = session.audio(PATH="/run/bin")
    assert (done.returncode, done.stderr) == (1, "lainos-audio-init: wireplumber: not installed\n")
    assert set(session.pids()) == {"pipewire", "pipewire-pulse"}


def test_one_that_never_is_ready_does_not_hold_up_the_session_for_long(session):
    session.path("/run/bin").mkdir()
    session.put("/run/bin/pipewire", "#!/bin/sh\necho waiting for a card >&2\nexec /bin/sleep 60\n")
    began = time.monotonic()
    done = session.audio(PATH="/run/bin")
    assert 5 <= time.monotonic() - began < 10
    assert done.stderr.splitlines() == [
        "lainos-audio-init: pipewire: not ready after 5 s",
        "lainos-audio-init: pipewire: waiting for a card",
    ]
    assert done.returncode == 1


def test_one_that_cannot_be_executed_or_is_killed_is_named(session):
    session.path("/run/bin").mkdir()
    session.put("/run/bin/pipewire", "#!/nowhere\n")
    assert session.audio(PATH="/run/bin").stderr == "lainos-audio-init: pipewire: ended with status 126\n"
    session.put("/run/bin/pipewire", "#!/bin/sh\nkill -SEGV $$\n")
    expected = f"lainos-audio-init: pipewire: killed by signal {signal.SIGSEGV:d}\n"
    assert session.audio(PATH="/run/bin").stderr == expected


def test_jack_on_request(session):
    need("pw-jack", "pipewire-jack")
    assert session.audio(P7_ENABLE_JACK="1").returncode == 0
    session.path("/run/bin").mkdir()
    done = session.audio(P7_ENABLE_JACK="1", PATH="/run/bin")  # all runs: nothing else is looked for
    assert done.returncode == 1
    assert done.stderr.startswith("lainos-audio-init: pipewire-jack: pw-jack is not installed")
    assert session.audio(P7_ENABLE_JACK="0", PATH="/run/bin").returncode == 0


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("", "is not set"),
        ("run/user/1000", "is not set"),
        ("/run/nowhere", "No such file"),
        ("/run", "not a folder of"),
    ],
)
def test_a_bad_runtime_dir_is_named(session, value, reason):
    done = session.audio(XDG_RUNTIME_DIR=value)
    assert done.returncode == 1
    assert "lainos-audio-init: XDG_RUNTIME_DIR" in done.stderr
    assert reason in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_full_runtime_dir_is_named(session):
    session.run(["mount", "-o", "remount,nr_inodes=9", RUNTIME])
    session.run(["sh", "-c", f"for i in 1 2 3 4 5 6 7 8 9; do touch {RUNTIME}/$i; done"])
    done = session.audio()
    expected = f"lainos-audio-init: {RUNTIME}/lainos-audio-init.lock: No space left on device\n"
    assert (done.returncode, done.stderr) == (1, expected)


def test_root_is_refused(session):
    assert session.run(session.command_line(session.p7, "lainos-audio-init")).returncode == 77
