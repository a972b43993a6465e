"""The guard stops every attempt, and what it stopped has changed nothing. docs/seal.md has the same as a table."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.seal.attempts import ATTEMPTS, ATTEMPTS_ON_7, HELD_NAME, Attempt, systemd
from tests.seal.conftest import PACMAN_7, PACMANS
from tests.seal.disguises import DISGUISES, DISGUISES_ON_7
from tests.seal.machine import Machine, core, dummy

ON_6, ON_7 = ATTEMPTS | DISGUISES, ATTEMPTS_ON_7 | DISGUISES_ON_7


def state(machine: Machine) -> dict[str, str]:
    """Every file below / that a package could bring, with its content."""
    found = {}
    for top in ("usr", "etc"):
        for folder, _, names in os.walk(machine.root / top):
            for path in (Path(folder) / name for name in names):
                found[str(path)] = os.readlink(path) if path.is_symlink() else str(hash(path.read_bytes()))
    return found


def stopped(machine: Machine, attempt: Attempt, why: str) -> None:
    before = machine.installed(), state(machine)
    done = attempt(machine)
    lines = [line for line in done.stdout.splitlines() if line.startswith("seal-guard: ")]
    assert [line.split(" ")[1] for line in lines] == ["stopped:", "why:", "what"], done.stdout
    assert why in lines[1]
    assert done.returncode == 1
    assert (machine.installed(), state(machine)) == before


@pytest.mark.parametrize("attempt", ON_6, ids=lambda attempt: attempt.__name__)
def test_it_is_stopped_with_the_reason_and_nothing_changes(machine: Machine, attempt: Attempt) -> None:
    stopped(machine, attempt, ON_6[attempt])


@pytest.mark.parametrize("machine", [PACMAN_7], indirect=True)
@pytest.mark.parametrize("attempt", ON_7, ids=lambda attempt: attempt.__name__)
def test_so_it_is_by_pacman_7(machine: Machine, attempt: Attempt) -> None:
    stopped(machine, attempt, ON_7[attempt])


@pytest.mark.parametrize("machine", PACMANS, indirect=True)
def test_what_the_seal_is_made_of_stays(machine: Machine) -> None:
    before = machine.installed()
    for name in ("systemd", "systemd-sysvcompat", "elogind", "mkinitcpio", "protocol7-core"):
        for how in ("-R", "-Rdd", "-Rns"):
            assert f"seal-guard: stopped: {name}\n" in machine.pacman(how, name).stdout
    assert machine.installed() == before


@pytest.mark.parametrize("machine", PACMANS, indirect=True)
def test_p7_stays_by_whatever_name_it_came(machine: Machine, made: Machine) -> None:
    tree = str(core(machine, made.path).parent / "image")
    other = machine.package("p7-git", tree=tree, conflict="protocol7-core", provides="protocol7-core")
    assert "seal-guard: stopped: protocol7-core\n" in machine.pacman("-U", "--ask=4", other).stdout
    unsealed = machine.root / "run/lainos/unsealed"
    unsealed.write_text("protocol7-core\n")
    assert machine.pacman("-U", "--ask=4", other).returncode == 0
    before = machine.installed()
    assert "seal-guard: stopped: p7-git\n" in machine.pacman("-Rdd", "p7-git").stdout
    assert machine.installed() == before
    unsealed.write_text("p7-git\n")
    assert machine.pacman("-Rdd", "p7-git").returncode == 0
    assert not (machine.root / "usr/bin/p7").exists()


@pytest.fixture
def two(machine: Machine) -> Machine:
    """A dummy in the first repository, the real thing in the second one; and that one's archive was downloaded."""
    machine.repository("world", dummy(machine, "256-2"))
    machine.repository("extra", systemd(machine))
    machine.pacman("-Sy")
    assert machine.pacman("-Sw", "extra/systemd").returncode == 0
    return machine


@pytest.mark.parametrize("machine", PACMANS, indirect=True)
def test_two_repositories_whose_archives_differ_are_both_looked_at(two: Machine) -> None:
    """A question answered "no" leads pacman to the next repository, and nobody can tell whether it did."""
    done = two.pacman("-S", "systemd")
    assert "seal-guard: stopped: systemd 257-1 from systemd-257-1-any.pkg.tar.zst" in done.stdout
    assert (
        "what you can do: if you mean systemd-256-2-any.pkg.tar.zst, which may come in: pacman -S world/systemd, by"
        " itself; or take the archive that may not out of pacman's cache; if you mean it" in done.stdout
    )
    assert two.installed()["systemd"] == "256-1"


@pytest.mark.parametrize("machine", PACMANS, indirect=True)
def test_where_a_repository_is_named_its_archive_alone_counts(two: Machine) -> None:
    assert HELD_NAME in two.pacman("-S", "extra/systemd").stdout
    assert two.pacman("-S", "--ask=1", "world/systemd").returncode == 0  # "no" to the question leads to no other one
    assert two.installed()["systemd"] == "256-1"
    assert HELD_NAME in two.pacman("-Su", "world/systemd").stdout  # more may come than what is named
    assert HELD_NAME in two.pacman("-S", "world/systemd", "world/systemd").stdout
    done = two.pacman("-S", "world/systemd")
    assert (done.returncode, two.installed()["systemd"]) == (0, "256-2"), done.stdout


def test_a_whole_p7_that_links_its_names_elsewhere_is_none(machine: Machine, made: Machine) -> None:
    core(machine, made.path)
    (machine.path / "image/usr/bin/net-init").unlink()
    (machine.path / "image/usr/bin/net-init").symlink_to("sh")
    done = machine.pacman("-U", core(machine, made.path, "2-1"))
    assert "it links p7's names to something else" in done.stdout
