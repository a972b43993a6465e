"""The process of lainos-audio-init that stays behind: what it says of daemons that end, and how long logs become."""

import os
import re

import pytest

from tests.chain.sound import DAEMONS, RUNTIME, SCOPE, Session, wait_for


def test_one_that_dies_later_is_named_with_its_last_lines(artifact):
    with Session(artifact) as session, session.syslog() as log:
        assert session.audio().returncode == 0
        keeper, pids = session.keeper(), session.pids()
        assert session.run(["cat", f"/proc/{keeper}/cgroup"]).stdout.strip().endswith(f"{SCOPE}/services")
        assert {os.readlink(session.path(f"/proc/{keeper}/fd/{fd}")) for fd in range(3)} == {"/dev/null"}
        folder = session.path(f"{RUNTIME}/lainos")
        with (folder / "pipewire-pulse.log").open("ab") as file:
            file.write(b"x" * 100_000 + b"\nno room for a \x1b[31msample\n")
        session.run(["kill", "-SEGV", str(pids["pipewire-pulse"])])
        begin = f"<27>lainos-audio-init[{keeper}]: pipewire-pulse: "
        assert log.recv(20000).decode() == f"{begin}killed by signal 11; lainos-audio-init starts it again"
        assert log.recv(20000).decode().startswith(f"{begin}xxx")
        assert log.recv(20000).decode() == rf"{begin}no room for a \x1b[31msample"
        assert session.audio().returncode == 0  # another one stays for the new daemon
        assert set(session.pids()) == set(DAEMONS)
        # Somebody ends them; again and again, as pipewire-pulse may lose a SIGTERM that comes with its socket.
        ended = f"while pkill -x '{'|'.join(DAEMONS)}'; do sleep 0.02; done"
        assert session.run(["timeout", "5", "sh", "-c", ended]).returncode == 0
        session.keeper_ends()
        lines = [log.recv(20000).decode() for _ in DAEMONS]
        how = r"(ended with status 0|killed by signal 15); lainos-audio-init starts it again"
        found = [re.fullmatch(rf"<30>lainos-audio-init\[\d+\]: ([a-z-]+): {how}", line) for line in lines]
        assert {match and match[1] for match in found} == set(DAEMONS), lines
        log.settimeout(0)
        with pytest.raises(BlockingIOError):
            log.recv(20000)


def test_a_logout_is_silent(session):
    with session.syslog() as log:
        session.audio()
        services = f"/sys/fs/cgroup{SCOPE}/services/cgroup.procs"
        session.run(["sh", "-c", f"kill -TERM $(cat {services})"])  # as the bridge's broker does
        session.keeper_ends()
        log.settimeout(0)
        with pytest.raises(BlockingIOError):
            log.recv(20000)


# Ready when its socket answers; then it says much at once, and later what the test writes into its FIFO.
TALKER = f"""#!/bin/sh
cd {RUNTIME} && /bin/mkdir pulse && /usr/bin/mkfifo talk
exec /usr/bin/python3 -c "
import socket
server = socket.socket(socket.AF_UNIX)
server.bind('pulse/native')
server.listen()
server.accept()
for number in range(30_000):
    print(f'no card today, {{number}}', flush=True)
for line in iter(lambda: open('talk').read(), ''):
    print(line, flush=True)
"
"""


def test_a_daemon_that_complains_without_end_has_a_short_log(artifact):
    with Session(artifact) as session, session.syslog() as log:
        session.path("/run/bin").mkdir()
        for name in ("pipewire", "wireplumber"):
            session.path(f"/run/bin/{name}").symlink_to(f"/usr/bin/{name}")
        session.put("/run/bin/pipewire-pulse", TALKER)
        assert session.audio(PATH="/run/bin").returncode == 0
        file, talk = (session.path(f"{RUNTIME}/{name}") for name in ("lainos/pipewire-pulse.log", "talk"))
        wait_for(lambda: file.read_text().endswith(" 29999\n"))
        grown = file.stat().st_size
        session.run(["pkill", "-KILL", "-x", "wireplumber"])  # the keeper looks at all logs when one ends
        assert "wireplumber: killed by signal 9" in log.recv(20000).decode()
        assert file.stat().st_size <= 1 << 16 < 1 << 18 < grown
        talk.write_text("once more")
        wait_for(lambda: file.read_text().endswith("\nonce more\n"))
        lines = file.read_text().splitlines()
        assert lines[-2] == "no card today, 29999" and lines[0].startswith("no card today, ")
        talk.write_text("")  # so it leaves, of its own accord
        wait_for(lambda: "pipewire-pulse: ended with status 0" in log.recv(20000).decode())


def test_a_long_log_is_short_again_though_nothing_ends(session):
    session.audio()
    file = session.path(f"{RUNTIME}/lainos/pipewire.log")
    with file.open("a") as log:
        log.write("all is well\n" * 30_000)
    wait_for(lambda: file.stat().st_size <= 1 << 16, 15)


def test_nobody_stays_where_all_runs_or_nothing_does(session):
    session.audio()
    keeper = session.keeper()
    session.audio()
    assert session.keeper() == keeper
    for pid in session.pids().values():
        session.run(["kill", "-KILL", str(pid)])
    session.keeper_ends()
    session.audio(PIPEWIRE_CONFIG_DIR="/nowhere")
    session.keeper_ends()
