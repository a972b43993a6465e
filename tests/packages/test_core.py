"""protocol7-core in both forms: what `build.py install` lays out, the mock libraries, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from p7.build import contents, mock_table
from p7.seal import package, rules
from p7.seal.archive import LIBRARY
from tests.packages.makepkg import Workshop, info, listing, read

LINKS = ["usr/bin/systemd-sysusers", "usr/bin/systemd-tmpfiles"]


@pytest.fixture(scope="module")
def zipapp(workshop: Workshop) -> Path:
    return workshop.make(workshop.folder("protocol7-core"), SOURCE_DATE_EPOCH="1700000000")


@pytest.fixture(params=["zipapp", "static"])
def core(request: pytest.FixtureRequest, zipapp: Path, packages: dict[str, Path]) -> tuple[str, Path]:
    return request.param, {"zipapp": zipapp, "static": packages["protocol7-core"]}[request.param]


def test_it_has_what_install_lays_out_and_the_mocks(core: tuple[str, Path]) -> None:
    form, archive = core
    laid_out = [entry.path.removeprefix("/") for entry in contents.table(form)]
    mocks = [f"usr/lib/lainos/{mock.soname}" for mock in mock_table.MOCKS]
    assert listing(archive) == sorted([*laid_out, *mocks, *LINKS])


def test_its_relations_fit_the_form(core: tuple[str, Path]) -> None:
    form, archive = core
    found = info(archive)
    assert ("python" in found["depend"]) == (form == "zipapp")
    library, _, version = LIBRARY.rpartition(".")
    assert f"{library}={version}-64" in found["depend"]  # Arch's libarchive provides that, and pacman depends on it
    configs = {entry.path for entry in contents.table(form) if isinstance(entry, contents.File) and entry.config}
    assert {f"/{path}" for path in found["backup"]} == configs
    assert not {"conflict", "provides", "replaces"} & found.keys()


def test_the_seal_takes_it_for_p7(core: tuple[str, Path]) -> None:
    assert rules.refusal(package.read(str(core[1]))) == ""


def test_the_same_sources_make_the_same_package(core: tuple[str, Path], workshop: Workshop) -> None:
    form, archive = core
    again = workshop.make(
        workshop.folder("protocol7-core"), P7_FORM=form, SOURCE_DATE_EPOCH=info(archive)["builddate"][0]
    )
    assert again.read_bytes() == archive.read_bytes()


def test_its_scriptlet_knows_all_services_and_both_daemons(core: tuple[str, Path]) -> None:
    script = read(core[1], ".INSTALL")
    named = script.partition('_services="')[2].partition('"')[0].replace("$_daemons", script.split("'")[1]).split()
    services = {path.rpartition("/")[2] for path in listing(core[1]) if path.startswith("etc/init.d/")}
    assert set(named) == services


def test_another_form_is_refused(workshop: Workshop) -> None:
    done = workshop.shell("makepkg --printsrcinfo", workshop.folder("protocol7-core"), P7_FORM="frozen")
    assert done.returncode != 0
    assert "P7_FORM=frozen: it is zipapp or static" in done.stderr
