"""Which library the guard holds which program against, where there is more than one of either."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.seal import cc
from tests.seal.conftest import PACMANS
from tests.seal.machine import Machine

LIBDBUS = "libdbus-1.so.3"
on_both = pytest.mark.parametrize("machine", PACMANS, indirect=True)


def build(folder: Path, version: str) -> tuple[Path, Path]:
    """A libdbus with the private node that it renames with each version, and a daemon that needs that."""
    nodes = {"LIBDBUS_1_3": ["dbus_bus_get"], f"LIBDBUS_PRIVATE_{version}": ["_dbus_lock"]}
    library = cc.library(folder / "libdbus", LIBDBUS, nodes)
    return library, cc.program(folder / "dbus-daemon", ["dbus_bus_get", "_dbus_lock"], library)


def dbus(machine: Machine, version: str) -> Path:
    library, daemon = build(machine.path, version)
    return machine.package("dbus", f"{version}-1", {f"usr/lib/{LIBDBUS}": library, "usr/bin/dbus-daemon": daemon})


@on_both
def test_a_program_with_an_older_library_of_its_own_holds_up_no_update(machine: Machine) -> None:
    assert machine.pacman("-U", dbus(machine, "1.16.0")).returncode == 0
    own = machine.root / "opt/conda/bin"
    own.mkdir(parents=True)
    shutil.copy(build(machine.path, "1.13.18")[1], own)
    done = machine.pacman("-U", dbus(machine, "1.16.2"))
    assert (done.returncode, machine.installed()["dbus"]) == (0, "1.16.2-1"), done.stdout
    shutil.copy(build(machine.path, "1.16.2")[1], own)
    done = machine.pacman("-U", dbus(machine, "1.16.4"))
    assert "why: opt/conda/bin/dbus-daemon needs node LIBDBUS_PRIVATE_1.16.2 of libdbus-1.so.3, which no" in done.stdout


@on_both
def test_a_program_is_held_against_the_library_of_its_own_repository(machine: Machine) -> None:
    """The other's archive is in the cache, too, from the day when it was asked for."""
    machine.repository("world", dbus(machine, "1.16.0"))
    machine.repository("extra", dbus(machine, "1.15.8"))
    assert machine.pacman("-Sy", "extra/dbus").returncode == 0
    machine.repository("world", dbus(machine, "1.16.2"))
    done = machine.pacman("-Syu")
    assert (done.returncode, machine.installed()["dbus"]) == (0, "1.16.2-1"), done.stdout
    done = machine.pacman("-S", "extra/dbus")
    assert (done.returncode, machine.installed()["dbus"]) == (0, "1.15.8-1"), done.stdout


@on_both
def test_the_library_of_the_repository_that_is_named_counts(machine: Machine) -> None:
    """The first one's, which was downloaded and has all, would have let it in."""
    nodes = {"LIBDBUS_1_3": ["dbus_bus_get", "dbus_bus_add"]}
    (machine.root / "usr/lib" / LIBDBUS).write_bytes(cc.library(machine.path / "libdbus", LIBDBUS, nodes).read_bytes())
    (machine.root / "opt").mkdir()
    cc.program(machine.root / "opt/adds", ["dbus_bus_add"], machine.path / "libdbus")
    whole = machine.package("dbus", "2-1", {"usr/lib/" + LIBDBUS: machine.path / "libdbus"})
    less = cc.library(machine.path / "less", LIBDBUS, {"LIBDBUS_1_3": ["dbus_bus_get"]})
    machine.repository("world", whole)
    machine.repository("extra", machine.package("dbus", "1-1", {"usr/lib/" + LIBDBUS: less}))
    assert machine.pacman("-Syw", "world/dbus").returncode == 0
    done = machine.pacman("-S", "--overwrite", "*", "extra/dbus", "extra/dbus")
    assert "why: opt/adds needs dbus_bus_add@LIBDBUS_1_3 of libdbus-1.so.3, which no longer has it" in done.stdout
    assert "dbus" not in machine.installed()
