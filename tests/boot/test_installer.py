"""Calamares makes a new system whole with its one step, and that system boots to a greeter and a session."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.lab.boot import Boot
from tests.lab.checks import in_scope, logged_in, loginctl_shows, services_started
from tests.lab.inside import USER, ask
from tests.lab.installer import Installation, install, new, shows, type_in, with_terminal
from tests.lab.packages import layer, whole
from tests.lab.run import BOOTED
from tests.lab.stage import Machine
from tests.need import missing

GROUPS = {"adm", "audio", "input", "lain", "lp", "render", "video", "wheel"}


CALAMARES = {
    "3.3": partial(layer, "calamares"),
    "3.2": partial(whole, "calamares", "coreutils", "dash", suite="bookworm"),
}
"""Its versions, and where Debian has them; the second with what chroot(1) and a shell need."""
BOTH = pytest.mark.parametrize("live", CALAMARES, indirect=True)


@pytest.fixture(scope="module")
def live(request: pytest.FixtureRequest, debian: Path) -> list[Path]:
    """The system that Calamares runs on, 3.3 if a test does not say which."""
    try:
        return [CALAMARES[getattr(request, "param", "3.3")](), debian]
    except subprocess.CalledProcessError as error:
        missing(f"no calamares: {error}", "apt must reach its mirror")


@pytest.fixture(scope="module")
def fresh(debian: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The layers of a system that is installed and not set up."""
    return [new(tmp_path_factory.mktemp("new") / "layer", Machine("zipapp", BOOTED)), debian]


@pytest.fixture(scope="module")
def installation(live: list[Path], fresh: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return install(live, fresh, tmp_path_factory.mktemp("installed"))


@pytest.fixture(scope="module")
def booted(installation: Installation, fresh: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Boot]:
    """The finalized system, with a terminal for its greeter."""
    terminal = with_terminal(installation, tmp_path_factory.mktemp("terminal") / "layer")
    with Boot([terminal, installation.layer, *fresh]) as boot:
        boot.wait_runlevel("default")
        yield boot


@BOTH
def test_calamares_is_content_with_the_step(installation: Installation, request: pytest.FixtureRequest) -> None:
    assert installation.status == 0, installation.log
    assert f"Calamares version: {request.node.callspec.params['live']}" in installation.log
    assert '("/bin/sh", "-c", "/usr/bin/p7 finalize")' in installation.log
    assert "finalize: all of it holds\n" in installation.log


@BOTH
def test_calamares_tells_what_a_system_lacks(live: list[Path], fresh: list[Path], tmp_path: Path) -> None:
    whiteout = tmp_path / "lacking/etc/init.d/seatd"
    whiteout.parent.mkdir(parents=True)
    os.mknod(whiteout, stat.S_IFCHR, 0)
    (tmp_path / "work").mkdir()
    failed = install(live, [tmp_path / "lacking", *fresh], tmp_path / "work")
    told = failed.log.partition("ERROR: Installation failed")[2]
    assert "finalize: /etc/init.d/seatd: no service seatd; install the package that has OpenRC's script" in told
    assert "steps failed: mend that and run it again" in told


def test_what_debian_had_set_up_is_kept_beside_it(installation: Installation) -> None:
    etc = installation.layer / "etc"
    assert "agreety --cmd" in (etc / "greetd/config.toml.old").read_text()
    assert "EnableNetworkConfiguration=true\n" in (etc / "iwd/main.conf").read_text()


def test_its_services_start(booted: Boot) -> None:
    services_started(booted)


def test_the_user_logs_in_at_the_greeter(booted: Boot) -> None:
    shows(booted, "Username:")
    type_in(booted, f"{USER}\r")
    shows(booted, "Password:")
    type_in(booted, "wired\r")
    logged_in(booted)
    loginctl_shows(booted)
    in_scope(booted)
    assert ask(booted, "cat", "/var/cache/tuigreet/lastuser") == USER


def test_the_user_is_in_the_groups_and_may_use_doas(booted: Boot) -> None:
    assert set(ask(booted, "id", "--groups", "--name", user=USER).split()) == GROUPS
    typed = "(sleep 1; echo wired) | script --quiet --command 'doas id -u' /dev/null"
    assert ask(booted, "sh", "-c", typed, user=USER).splitlines()[-1] == "0"


def test_finalize_finds_no_more_to_do_than_to_propose_what_the_lab_changed(booted: Boot) -> None:
    said = ask(booted, "p7", "finalize").splitlines()
    assert [line for line in said if "done: " in line] == ["finalize: done: write /etc/greetd/config.toml.new 0644"]
    assert said[-1] == "finalize: all of it holds"
