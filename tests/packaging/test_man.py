"""The man pages: made for everything there is, the same each time, and clean for the two programs that show them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from p7 import config, dispatch
from p7.build import example, man
from tests.need import need


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return man.pages()


@pytest.fixture
def files(pages: dict[str, str], tmp_path: Path) -> list[Path]:
    for path, text in pages.items():
        (tmp_path / Path(path).name).write_text(text)
    return sorted(tmp_path.iterdir())


def test_every_applet_has_one_and_every_alias_leads_to_one(pages: dict[str, str]) -> None:
    names = {Path(path).stem for path in pages}
    assert names == {*dispatch.APPLETS, *(f"p7-{name}" for name in dispatch.TOOLS), "p7", "p7.toml"}
    for path, page in man.aliases().items():
        assert str(Path(path).with_name(page)) in pages
    assert {Path(path).stem for path in man.aliases()} == set(dispatch.ALIASES)


def test_they_are_the_same_each_time(pages: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert man.pages() == pages
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert " 1970-01-02 " in man.pages()["man1/p7.1"]


def test_mandoc_finds_nothing_wrong(files: list[Path]) -> None:
    mandoc = need("mandoc", "mandoc")
    done = subprocess.run([mandoc, "-Tlint", "-Wwarning", *files], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_groff_finds_nothing_wrong(files: list[Path]) -> None:
    groff = need("groff", "groff-base")
    done = subprocess.run([groff, "-man", "-ww", "-z", *files], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_page_says_what_help_says(files: list[Path], p7: Path) -> None:
    """The same words, whatever the line breaks."""
    mandoc = need("mandoc", "mandoc")
    for name in (*dispatch.APPLETS, *dispatch.TOOLS):
        page = next(path for path in files if path.stem.removeprefix("p7-") == name)
        shown = subprocess.run([mandoc, "-Tascii", page], capture_output=True, text=True, check=True).stdout
        told = subprocess.run([p7, name, "--help"], capture_output=True, text=True, check=True).stdout
        text = "".join(_plain(shown).split())
        for line in told.partition("Options:")[2].splitlines():
            assert "".join(line.split()) in text, f"{name}: {line}"


def _plain(shown: str) -> str:
    """Without the overstriking that stands for bold on a terminal."""
    plain: list[str] = []
    for character in shown:
        if character == "\b":
            plain.pop()
        else:
            plain.append(character)
    return "".join(plain)


def test_the_page_of_p7_leads_to_all_others(pages: dict[str, str]) -> None:
    references = pages["man1/p7.1"].replace("\\-", "-").partition(".SH SEE ALSO")[2]
    for path in pages.keys() - {"man1/p7.1"}:
        name, _, section = Path(path).name.rpartition(".")
        assert f".BR {name} ({section})" in references


def test_a_page_explains_each_option_and_leads_to_what_its_program_reads(pages: dict[str, str]) -> None:
    for path, page in pages.items():
        _, *items = page.partition(".SH OPTIONS\n")[2].partition(".SH ")[0].split(".TP\n")
        assert all(item.count("\n") > 1 for item in items), path
    assert ".BR p7.toml (5)" in pages["man8/lainos-ghost-units.8"]
    assert "p7.toml" not in pages["man1/p7-abi.1"]
    assert "P7_SESSION_TYPE" in pages["man1/p7.1"] and ".B 130" in pages["man1/p7.1"]


def test_references_among_ours_lead_to_pages_and_the_seal_s_to_each_other(pages: dict[str, str]) -> None:
    seal = {f"p7-{name}" for name in ("finalize", "seal-conf", "seal-guard", "seal-verify")}
    for path, page in pages.items():
        text = page.replace("\\-", "-").partition(".SH SEE ALSO\n")[2]
        references = re.findall(r"\.BR (\S+) \((\d)\)", text)
        ours = {(name, section) for name, section in references if name.startswith(("p7", "lainos"))}
        assert {f"man{section}/{name}.{section}" for name, section in ours} <= pages.keys() - {path}
        if Path(path).stem in seal:
            assert seal - {Path(path).stem} <= {name for name, _ in ours}


def test_every_key_of_p7_toml_is_explained(pages: dict[str, str]) -> None:
    page = pages["man5/p7.toml.5"]
    for key in config.KEYS:
        assert key.name in page


def test_the_example_sets_nothing() -> None:
    parsed = config.parse(example.p7_toml())
    assert parsed.errors == 0
    assert parsed.values == config.defaults()


def test_the_example_with_every_key_uncommented_is_the_defaults() -> None:
    text = example.p7_toml()
    lines = [line[1:] if line.startswith("#") and line[1:2].isalpha() else line for line in text.splitlines()]
    assert sum(" = " in line for line in lines if not line.startswith("#")) == len(config.KEYS)
    parsed = config.parse("\n".join(lines))
    assert parsed.errors == 0
    assert parsed.values == config.defaults()
