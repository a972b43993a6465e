"""Our live introspection against that of systemd 262 with elogind's ReloadConfig; docs/login1.md against our rows."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from p7.build import login1_doc
from tests.bus.client import MANAGER, PATH, SEAT, SEAT_PATH, SESSION, SESSION_PATH, USER, USER_PATH, Client

SURFACE = json.loads(Path(__file__).with_name("surface.json").read_text())
"""By interface and member: ["method", takes, their names, gives, their names, privileged?],
["property", type, access, emits-changed], ["signal", types], as the real daemons print them with --bus-introspect."""

OBJECTS = {MANAGER: PATH, SEAT: SEAT_PATH, SESSION: SESSION_PATH, USER: USER_PATH}
_EMITS = "org.freedesktop.DBus.Property.EmitsChangedSignal"


@pytest.mark.parametrize("interface", OBJECTS)
def test_every_member_is_there_as_in_systemd(lain: Client, interface: str) -> None:
    (xml,) = lain.call("Introspect", path=OBJECTS[interface], interface="org.freedesktop.DBus.Introspectable")
    node = ElementTree.fromstring(xml).find(f"interface[@name='{interface}']")
    assert node is not None
    ours = dict(_row(member) for member in node)
    theirs = SURFACE[interface]
    different = {name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)}
    assert different == {name for owner, name in login1_doc.SURFACE_DIFFERENCES if owner == interface}


def _row(member: ElementTree.Element) -> tuple[str, list[object]]:
    name = member.attrib["name"]
    annotations = {each.attrib["name"]: each.attrib["value"] for each in member.iter("annotation")}
    if member.tag == "property":
        return name, ["property", member.attrib["type"], member.attrib["access"], annotations.get(_EMITS, "true")]
    if member.tag == "signal":
        return f"signal {name}", ["signal", "".join(each.attrib["type"] for each in member.iter("arg"))]
    row: list[object] = ["method"]
    for direction in ("in", "out"):
        arguments = member.findall(f"arg[@direction='{direction}']")
        row += ["".join(each.attrib["type"] for each in arguments), [each.attrib["name"] for each in arguments]]
    return name, [*row, annotations.get("org.freedesktop.systemd1.Privileged") == "true"]


@pytest.mark.parametrize("interface", OBJECTS)
def test_get_all_and_get_agree_in_value_and_type(lain: Client, interface: str) -> None:
    path = OBJECTS[interface]
    values = lain.get_all(path, interface)
    assert list(values) == [name for name, row in SURFACE[interface].items() if row[0] == "property"]
    for name, (type, value) in values.items():
        assert type == SURFACE[interface][name][1]
        assert lain.get(name, path, interface) == value, name


def test_the_document_is_what_the_rows_say() -> None:
    document = Path(__file__).parents[2] / "docs/login1.md"
    assert document.read_text() == login1_doc.text(), "run python3 -m p7.build.login1_doc"
