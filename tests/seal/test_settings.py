"""pacman's database and hook folders in other places: where pacman.conf has them, or pacman's command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.seal.attempts import HELD_NAME, systemd
from tests.seal.conftest import PACMANS, verify
from tests.seal.machine import NODES, SYSTEMD, Machine


def moved(machine: Machine, to: Path) -> Path:
    """The database, in another folder."""
    to.parent.mkdir(parents=True, exist_ok=True)
    return (machine.root / "var/lib/pacman").rename(to)


CONFIGURED = {
    "DBPath = /srv/pacman/\nDBPath = /nonexistent\n": "srv/pacman",
    "RootDir = /srv/system\nDBPath = /srv/pacman\n": "srv/pacman",
    "RootDir = /srv/system/\n": "srv/system/var/lib/pacman",
}


@pytest.mark.parametrize("options", CONFIGURED)
def test_the_database_is_where_pacman_conf_says(sealed: Machine, options: str) -> None:
    folder = moved(sealed, sealed.root / CONFIGURED[options])
    assert verify(sealed).stdout.startswith("/usr/bin/p7: no package owns it, so nobody can tell")
    (sealed.root / "etc/more.conf").write_text(options)
    with (sealed.root / "etc/pacman.conf").open("a") as file:
        file.write("[options]\nInclude = /etc/more.conf\n[core]\nDBPath = /neither\n")
    assert verify(sealed).stdout == ""
    (folder / "local/elogind-256-1").rename(folder / "local/gone-256-1")
    told = f"/{CONFIGURED[options]}/local: there is no dummy of elogind; pacman -S elogind\n"
    assert verify(sealed).stdout == told


@pytest.mark.parametrize("machine", PACMANS, indirect=True)
def test_the_database_is_where_the_command_line_says(sealed: Machine) -> None:
    """The guard needs it to know which files go with the version that is replaced."""
    path = moved(sealed, sealed.path / "database")
    nodes = {**NODES, "LIBSYSTEMD_209": ["sd_listen_fds"]}
    archives = [sealed.application("new", "sd_listen_fds", nodes), sealed.library(nodes, "255-1")]
    done = sealed.pacman("-U", f"--dbpath={path}", *archives)
    assert (done.returncode, "why: usr/bin/old needs sd_notify@LIBSYSTEMD_209" in done.stdout) == (1, True)
    archives[0] = sealed.package("old", "2-1")
    done = sealed.pacman("-U", "--dbpath=database", *archives, cwd=sealed.path)
    assert done.returncode == 0, done.stdout
    assert "seal-verify:" not in done.stdout


@pytest.mark.parametrize("machine", PACMANS, indirect=True)
def test_downloads_are_where_the_command_line_says(sealed: Machine) -> None:
    for cache in ("first", "second"):
        (sealed.path / cache).mkdir()
    sealed.repository("world", systemd(sealed))
    done = sealed.pacman("-Sy", "--cachedir=first", "--cachedir", sealed.path / "second", "systemd", cwd=sealed.path)
    assert HELD_NAME in done.stdout


@pytest.mark.parametrize("machine", PACMANS, indirect=True)
def test_a_hook_masked_for_one_transaction_is_told(sealed: Machine) -> None:
    folder = sealed.path / "masks"
    folder.mkdir()
    (folder / "00-p7-guard.hook").symlink_to("/dev/null")
    done = sealed.pacman("-U", f"--hookdir={folder}", sealed.package("systemd", "257-1", dict(SYSTEMD)))
    assert f"seal-verify: {folder}/00-p7-guard.hook: it masks p7's hook of this name; remove it\n" in done.stdout
    assert sealed.installed()["systemd"] == "257-1"
