"""The packages themselves: what is in them, the same bytes each time, and what docs/packages.md says of them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from p7 import VERSION
from p7.build import PROJECT
from p7.seal import package, rules
from tests.need import missing, need
from tests.packages.makepkg import DOCUMENT, Workshop, info, listing, read

FOLDER = Path(PROJECT, "rc/packages")
NAMES = sorted(path.name for path in FOLDER.iterdir())
DUMMIES = {
    "systemd": "256-1",
    "systemd-sysvcompat": "256-1",
    "elogind": "252-1",
    "mkinitcpio": "41-1",
    "initramfs": "1-1",
    "libudev": "260.2-1",
}
"""The versions that the original design names."""
KINDS = ("real", "meta", "dummy")


def test_the_documents_commands_make_every_package_but_eudev(packages: dict[str, Path]) -> None:
    assert sorted(packages) == [name for name in NAMES if name != "eudev"]


def test_the_documents_table_names_each_with_what_it_provides(packages: dict[str, Path]) -> None:
    rows = [row.split("|") for row in re.findall(r"^\| [a-z].*", DOCUMENT.read_text(), re.MULTILINE)]
    table = {row[1].strip(): (row[2].strip(), row[3].strip()) for row in rows if row[2].strip() in KINDS}
    assert sorted(table) == NAMES
    assert {name for name, (kind, _) in table.items() if kind == "dummy"} == DUMMIES.keys()
    for name, archive in packages.items():
        provided = [word.partition("=")[0] for word in info(archive).get("provides", [])]
        assert ", ".join(provided) == table[name][1], name


def test_both_repositories_have_theirs(built: Workshop) -> None:
    for database in ("protocol_7_repo", "lainos_repo"):
        (folder,) = (built.path / "lainos" / database).iterdir()
        done = subprocess.run(["bsdtar", "-tf", folder / f"{database}.db"], capture_output=True, text=True, check=True)
        listed = {line.split("/")[0].rsplit("-", 2)[0] for line in done.stdout.splitlines()}
        assert listed == {path.name.rsplit("-", 3)[0] for path in folder.glob("*.pkg.tar.zst")} != set()


@pytest.mark.parametrize("name", ["systemd", "lainos-repositories", "lainos-layer02"])
def test_it_is_the_same_each_time(built: Workshop, packages: dict[str, Path], name: str) -> None:
    epoch = info(packages[name])["builddate"][0]
    again = built.make(built.folder(name), SOURCE_DATE_EPOCH=epoch)
    assert again.read_bytes() == packages[name].read_bytes()


@pytest.mark.parametrize("name", DUMMIES)
def test_a_dummy_is_inert_and_has_the_versions_of_the_design(packages: dict[str, Path], name: str) -> None:
    found = info(packages[name])
    assert found["pkgver"] == [DUMMIES[name]]
    assert not {"conflict", "replaces"} & found.keys()
    assert ".so" not in " ".join(found.get("provides", []))
    assert rules.refusal(package.read(str(packages[name]))) == ""
    assert all(path.startswith(("usr/share/doc/", "usr/share/pkgconfig/")) for path in listing(packages[name]))


@pytest.mark.parametrize("name", NAMES)
def test_a_pkgbuild_has_nothing_that_makepkg_or_shellcheck_would_warn_of(workshop: Workshop, name: str) -> None:
    done = workshop.shell("makepkg --printsrcinfo", workshop.folder(name))
    assert (done.returncode, done.stderr) == (0, "")
    assert f"pkgname = {name}\n" in done.stdout
    scripts = [path for path in (FOLDER / name).iterdir() if path.name == "PKGBUILD" or path.suffix == ".install"]
    # What makepkg reads and sets; folders that makepkg has made; scriptlets' functions, which pacman calls.
    excluded = "SC2034,SC2154,SC2164,SC2317,SC2329"
    command = [need("shellcheck", "shellcheck"), "--shell=bash", f"--exclude={excluded}", *scripts]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def variables(*path: str) -> dict[str, str]:
    """What pkg-config tells of systemd.pc in a folder."""
    config = need("pkg-config", "pkgconf")
    environment = {"PATH": "/usr/bin:/bin", **({"PKG_CONFIG_LIBDIR": path[0]} if path else {})}

    def ask(*words: str) -> str:
        return subprocess.run(
            [config, *words, "systemd"], env=environment, capture_output=True, text=True, check=True
        ).stdout.strip()

    return {name: ask(f"--variable={name}") for name in ask("--print-variables").split() if name != "pcfiledir"}


def test_systemd_pc_has_the_variables_of_the_real_one(packages: dict[str, Path], tmp_path: Path) -> None:
    """Debian's, which had its units beside /usr at this version."""
    (tmp_path / "systemd.pc").write_text(read(packages["systemd"], "usr/share/pkgconfig/systemd.pc"))
    if subprocess.run([need("pkg-config", "pkgconf"), "--exists", "systemd"], check=False).returncode != 0:
        missing("there is no real systemd.pc to compare with", "apt-get install systemd, from Debian 13 on systemd-dev")
    ours, real = variables(str(tmp_path)), variables()
    assert real.keys() - ours.keys() == set()
    for name, value in real.items():
        if not name.endswith("path"):
            expected = f"/usr{value}" if value == "" or value.startswith("/lib/") else value
            assert ours[name] == expected, name
    for name in ("systemdsystemunitpath", "systemduserunitpath"):
        folder = ours[name.replace("path", "dir")]
        assert folder in ours[name].split(":")
        assert set(ours[name].split(":")) - set(real[name].replace(":/lib/", ":/usr/lib/").split(":")) == set()


def test_the_core_has_ps_version_and_an_epoch_that_outdoes_the_first_implementation(workshop: Workshop) -> None:
    text = (FOLDER / "protocol7-core/PKGBUILD").read_text()
    assert f"\npkgver={VERSION}\n" in text
    vercmp = need("vercmp", "pacman-package-manager")
    for older in ("5.4.8-1", "5.4.12-1"):
        done = subprocess.run([vercmp, f"1:{VERSION}-1", older], capture_output=True, text=True, check=True)
        assert done.stdout == "1\n"
    assert "\nepoch=1\n" in text


def test_the_userland_is_the_designs(packages: dict[str, Path]) -> None:
    """The design's table, component to package; and what the document says each is for."""
    wanted = {name.split("=")[0] for name in info(packages["lainos-layer02"])["depend"]}
    optional = {text.split(":")[0] for text in info(packages["lainos-layer02"])["optdepend"]}
    assert wanted.isdisjoint(optional)
    section = DOCUMENT.read_text().partition("## The userland")[2].partition("\n## ")[0]
    assert set(re.findall(r"`([a-z0-9-]+)`", section)) == wanted | optional
