"""The rules' tables against what p7's package has in fact."""

from __future__ import annotations

import ast
import zipfile
from pathlib import Path

from applets import lainos_net_init
from p7.build import contents
from p7.seal import rules


def test_the_core_is_every_program_script_and_hook_of_the_package(p7: Path) -> None:
    """The list that was packed, in which nobody has to write down what he adds to rc/."""
    paths = {entry.path.removeprefix("/") for entry in contents.table("zipapp")}
    kinds = ("usr/bin/", "etc/init.d/", "usr/share/libalpm/", "usr/share/dbus-1/", "usr/lib/")
    made = {lainos_net_init.TABLE_PATH.removeprefix("/")}  # in a folder that is protected as one
    assert {path for path in paths if path.startswith(kinds)} - made == _packed(p7)


def _packed(p7: Path) -> set[str]:
    with zipfile.ZipFile(p7) as archive:
        source = archive.read("p7/seal/core.py").decode()
    return set(ast.literal_eval(source.partition("PATHS = ")[2]))


def test_the_remove_hook_is_for_all_that_is_sealed() -> None:
    with open("rc/usr/share/libalpm/hooks/00-p7-guard-remove.hook", encoding="ascii") as hook:
        targets = {line.split()[-1] for line in hook if line.startswith("Target")}
    assert targets == {*rules.SEALED, "protocol7-core", "usr/bin/p7"}
