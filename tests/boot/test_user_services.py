"""lainos-audio-init where OpenRC runs the user's services, as it can from 0.60 on: they are started, nothing twice."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.lab.boot import Boot, until
from tests.lab.inside import RUNTIME_DIR, USER, ask
from tests.lab.openrc import openrc
from tests.lab.stage import Machine
from tests.need import missing

SCRIPT = """\
#!/sbin/openrc-run
command=/usr/bin/{name}
supervisor=supervise-daemon
depend()
{{
	{depend}
}}
"""
SERVICES = {"pipewire": ":", "wireplumber": "need pipewire", "pipewire-pulse": "need pipewire"}
ENV = {
    "XDG_RUNTIME_DIR": RUNTIME_DIR,
    "DBUS_SESSION_BUS_ADDRESS": f"unix:path={RUNTIME_DIR}/bus",
    "PATH": "/usr/local/bin:/usr/bin:/bin",  # a session's; sid's rc-service is there, the tree's own in /usr/sbin
}


@pytest.fixture(scope="module")
def booted(layers: Callable[[Machine], list[Path]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Boot]:
    try:
        newer = openrc("sid")
    except subprocess.CalledProcessError as error:
        missing(f"no OpenRC of Debian sid: {error}", "apt must reach a mirror that has the suite")
    services = tmp_path_factory.mktemp("services")
    services.chmod(0o755)
    for name, depend in SERVICES.items():
        script = services / "etc/user/init.d" / name
        script.parent.mkdir(parents=True, exist_ok=True)
        script.write_text(SCRIPT.format(name=name, depend=depend))
        script.chmod(0o755)
    staged, debian = layers(Machine())
    with Boot([services, staged, newer, debian]) as boot:
        boot.wait_runlevel("default")
        yield boot


def audio(boot: Boot) -> None:
    assert boot.run(["lainos-audio-init"], USER, ENV) == (0, "")


def parents(boot: Boot) -> dict[str, list[str]]:
    """Daemon to the programs that are its processes' parents."""
    rows = [row.split() for row in ask(boot, "ps", "-eo", "pid=,ppid=,comm=").splitlines()]
    names = {pid: name for pid, _, name, *_ in rows}
    return {wanted: [names[ppid] for _, ppid, name, *_ in rows if name == wanted] for wanted in SERVICES}


def test_services_that_openrc_does_not_run_are_not_its(booted: Boot) -> None:
    """The scripts are there, but nobody has started OpenRC for the user."""
    audio(booted)
    assert all(len(found) == 1 and found[0] != "supervise-daemon" for found in parents(booted).values())
    # Again and again: a SIGTERM that comes as soon as its socket answers, pipewire-pulse may lose.
    until(lambda: booted.run(["pkill", "-x", "|".join(SERVICES)])[0] == 1, 5, "the daemons end")


def test_the_users_services_are_started_and_nothing_twice(booted: Boot) -> None:
    assert booted.run(["/usr/sbin/openrc", "--user", "default"], USER, ENV)[0] == 0
    audio(booted)
    audio(booted)
    assert parents(booted) == {name: ["supervise-daemo"] for name in SERVICES}  # 15 bytes of it
    assert booted.run(["pgrep", "-x", "lainos-audio-in"])[0] == 1  # nobody stays behind: OpenRC sees to them
    code, info = booted.run(["pactl", "info"], USER, ENV)
    assert code == 0, info


def test_one_that_is_being_started_is_waited_for(booted: Boot) -> None:
    """By OpenRC at the login, when the compositor asks for sound a moment later."""
    assert booted.run(["rc-service", "--user", "pipewire", "stop"], USER, ENV)[0] == 0  # and those that need it
    late = "start_pre()\n{\n\tsleep 1\n}\n"
    script = booted.path("/etc/user/init.d/pipewire")
    script.write_text(script.read_text() + late)
    start = booted.command(["rc-service", "--user", "pipewire", "start"], USER, ENV)
    with subprocess.Popen(start, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as starting:
        state = ["rc-service", "--user", "pipewire", "status"]
        until(lambda: booted.run(state, USER, ENV)[0] == 8, 5, "pipewire is being started")
        audio(booted)
        assert starting.wait(10) == 0
    assert parents(booted) == {name: ["supervise-daemo"] for name in SERVICES}


def test_two_at_once_start_one_of_each(booted: Boot) -> None:
    """As a compositor and an autostart entry may."""
    assert booted.run(["rc-service", "--user", "pipewire", "stop"], USER, ENV)[0] == 0
    twice = booted.command(["sh", "-c", "lainos-audio-init & lainos-audio-init && wait $!"], USER, ENV)
    subprocess.run(twice, stdin=subprocess.DEVNULL, timeout=60, check=True)
    assert parents(booted) == {name: ["supervise-daemo"] for name in SERVICES}
