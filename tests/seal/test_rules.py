"""The rules' tables against what p7's package has in fact."""

from __future__ import annotations

from p7.build import contents
from p7.seal import rules


def test_the_core_is_every_program_script_and_hook_of_the_package() -> None:
    paths = {entry.path.removeprefix("/") for entry in contents.table("zipapp")}
    kinds = ("usr/bin/", "etc/init.d/", "usr/share/libalpm/hooks/")
    assert {path for path in paths if path.startswith(kinds)} == rules.CORE


def test_the_remove_hook_is_for_all_that_is_sealed() -> None:
    with open("rc/usr/share/libalpm/hooks/00-p7-guard-remove.hook", encoding="ascii") as hook:
        targets = {line.split()[-1] for line in hook if line.startswith("Target")}
    assert targets == {*rules.SEALED, "protocol7-core"}
