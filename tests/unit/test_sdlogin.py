"""The identity's files: complete, in libsystemd's syntax, and read back without loss."""

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from p7 import sdlogin
from p7.identity import Session, User
from p7.root import Root

LAIN = User("lain", 1000, 1000, "/home/lain", "/bin/sh")


def _texts(session):
    return {write.path: sdlogin.parse(write.text) for write in sdlogin.files(LAIN, session)}


def test_files_hold_what_libsystemd_insists_on():
    texts = _texts(Session(realtime_usec=5))
    # sdlogin-files: a missing UID, ACTIVE, STATE or REALTIME is EIO; without SEATS WirePlumber keeps Bluetooth off
    assert {"UID", "USER", "ACTIVE", "STATE", "REALTIME", "TYPE", "CLASS", "SEAT"} <= texts[
        "/run/systemd/sessions/1"
    ].keys()
    assert texts["/run/systemd/users/1000"]["STATE"] == "active"
    assert texts["/run/systemd/users/1000"]["ACTIVE_SEATS"] == "seat0"
    seat = texts["/run/systemd/seats/seat0"]
    assert len(seat["UIDS"].split()) == len(seat["SESSIONS"].split())


def test_an_empty_session_has_no_empty_keys():
    for texts in _texts(Session()).values():
        assert all(texts.values())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(desktop=st.text(st.characters(codec="utf-8"), max_size=20))
def test_the_desktop_survives_its_escapes(tmp_path, desktop):
    (tmp_path / "run/systemd/sessions").mkdir(parents=True, exist_ok=True)
    session = Session(type="wayland", leader=7, vtnr=1, tty="tty1", desktop=desktop, service="greetd", realtime_usec=9)
    (tmp_path / "run/systemd/sessions/1").write_text(sdlogin.files(LAIN, session)[0].text)
    back = sdlogin.read_session(Root(str(tmp_path)))
    assert {name: getattr(back, name) for name in Session.__slots__} == {
        name: getattr(session, name) for name in Session.__slots__
    }


@pytest.mark.parametrize("text", ["", "\0\0", "LEADER=abc\nVTNR=-1\nREALTIME=1e9\nDESKTOP=\\x\n", "=\n==\nTYPE\n"])
def test_a_damaged_file_reads_as_an_empty_session(tmp_path, text):
    (tmp_path / "run/systemd/sessions").mkdir(parents=True)
    (tmp_path / "run/systemd/sessions/1").write_text(text)
    before = time.time_ns() // 1000
    session = sdlogin.read_session(Root(str(tmp_path)))
    assert (session.type, session.leader, session.vtnr) == ("unspecified", 0, 0)
    assert before <= session.realtime_usec <= time.time_ns() // 1000
