"""What is particular to pacman 7: no hook with --dbonly, and downloads by a user of their own. The rest is as on 6."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.seal.attempts import HELD_NAME, database_only, systemd
from tests.seal.conftest import PACMAN_7, PACMANS
from tests.seal.machine import Machine

NO_DUMMY = "/var/lib/pacman/local/systemd-257-1: the package systemd is no dummy: it brought usr/bin/systemctl; "
GONE = "/var/lib/pacman/local: there is no dummy of elogind; "


@pytest.mark.parametrize("machine", [PACMAN_7], indirect=True)
def test_what_changes_the_database_alone_is_told_by_the_next_check(machine: Machine) -> None:
    """pacman 6 asks its hooks then, too, and the guard stops it."""
    assert database_only(machine).returncode == 0
    assert machine.pacman("-Rdd", "--dbonly", "elogind").returncode == 0
    assert machine.installed()["systemd"] == "257-1"
    assert not (machine.root / "usr/bin/systemctl").exists()
    said = machine.run("chroot", machine.root, "/usr/bin/p7", "seal-verify").stdout
    assert said.startswith(GONE) and f"\n{NO_DUMMY}" in said
    said = machine.pacman("-U", machine.package("hello")).stdout
    assert f"seal-verify: {NO_DUMMY}" in said and f"seal-verify: {GONE}" in said


@pytest.fixture
def names(machine: Machine) -> Path:
    """A list of a package, which a repository has."""
    machine.repository("world", machine.package("hello"))
    machine.pacman("-Sy")
    path = machine.path / "LIST"
    path.write_text("hello\n")
    return path


def test_pacman_6_takes_names_from_a_file(machine: Machine, names: Path) -> None:
    with names.open() as file:
        assert machine.pacman("-S", "-", stdin=file, start_new_session=True).returncode == 0
    assert machine.installed()["hello"] == "1-1"


@pytest.mark.parametrize("machine", [PACMAN_7], indirect=True)
def test_names_from_a_file_come_in_as_the_guard_says(machine: Machine, names: Path) -> None:
    """Without a terminal pacman 7 closes its hooks' standard input, once it has read names from its own."""
    with names.open() as file:
        said = machine.pacman("-S", "--needed", "-", stdin=file, start_new_session=True).stdout
    advice = said.partition("seal-guard: what you can do: ")[2].partition("\n")[0]
    assert advice == "put the names on pacman's command line, as xargs pacman -S < LIST does"
    script = 'exec xargs pacman "$@" -S <' + str(names)
    assert machine.run("sh", "-c", script, "sh", *machine.flags()).returncode == 0
    assert machine.installed()["hello"] == "1-1"


@pytest.fixture
def address(machine: Machine) -> Iterator[str]:
    """Of a server on the loopback for all that is in the machine's folder."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=machine.path)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def repository(machine: Machine, address: str, *archives: Path) -> None:
    machine.repository("world", *archives)
    text = machine.config.read_text().replace(f"file://{machine.path}", address)
    machine.config.write_text(text.replace("[options]", "[options]\nDownloadUser = nobody"))
    machine.path.chmod(0o755)  # pytest's own is 0700
    assert machine.pacman("-Sy").returncode == 0


@pytest.mark.parametrize("machine", PACMANS, indirect=True)
def test_what_another_user_downloaded_is_found(machine: Machine, address: str) -> None:
    """DownloadUser is pacman 7's; 6 passes the word by."""
    repository(machine, address, systemd(machine), machine.package("hello"))
    assert machine.pacman("-Sw", "systemd").returncode == 0
    done = machine.pacman("-S", "systemd")
    assert (done.returncode, HELD_NAME in done.stdout) == (1, True)
    done = machine.pacman("-S", "hello")
    assert (done.returncode, machine.installed()["hello"]) == (0, "1-1"), done.stdout


@pytest.mark.parametrize("machine", PACMANS, indirect=True)
def test_an_address_is_downloaded_by_another_user_and_judged(machine: Machine, address: str) -> None:
    repository(machine, address)
    done = machine.pacman("-U", f"{address}/{systemd(machine).name}?mirror=1")
    assert (done.returncode, HELD_NAME in done.stdout) == (1, True), done.stdout
    hello = machine.package("hello")
    assert machine.pacman("-U", f"{address}/{hello.name}").returncode == 0
    assert machine.installed()["hello"] == "1-1"
