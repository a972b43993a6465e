"""The session's environment as data. What a real login gets is in tests/chain/test_environment.py."""

import re

import pytest

from applets import lainos_init
from p7 import config, session_env
from p7.identity import User

LAIN = User("lain", 1000, 1000, "/home/lain", "")


def _compute(kind="wayland", kept=None, locale=None, *files):
    return session_env.compute(LAIN, kind, kept or {}, locale or {}, *files)


def test_the_first_of_a_name_counts_and_what_is_long_or_odd_is_left():
    block = b"LANG=a\0LANG=b\0LC_ALL\0=x\0LC_TIME=\xff\0LC_NAME=" + b"x" * 4097 + b"\0LD_PRELOAD=x\0\0"
    assert session_env.pick(block, session_env.KEPT) == {"LANG": "a", "LC_TIME": "\udcff"}


def test_the_manual_lists_what_is_kept():
    kept = re.search("it keeps, (.*) and XDG_VTNR", lainos_init.__doc__, re.DOTALL)[1]
    keymap = {f"XKB_DEFAULT_{name}" for name in ("RULES", "MODEL", "LAYOUT", "VARIANT", "OPTIONS")}
    names = set(re.findall(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*\b", kept))
    others = {name for name in session_env.KEPT - keymap if not name.startswith("LC_")}
    assert names - {"LC", "LC_ALL", "XKB_DEFAULT_RULES"} == others
    assert all(name.removeprefix("XKB_DEFAULT") in kept for name in keymap & session_env.KEPT)
    assert keymap < session_env.KEPT


def test_later_ones_win_and_the_identity_always():
    values = _compute(
        "wayland",
        {"LANG": "kept", "WLR_BACKENDS": "headless"},
        {"LANG": "locale", "LC_TIME": "locale", "LD_PRELOAD": "locale"},
        {"PATH": "/system", "EDITOR": "vi", "USER": "root"},
        {"PATH": "/own", "XDG_SESSION_ID": "2", "LIBSEAT_BACKEND": "builtin"},
    )
    expected = {"LANG": "kept", "LC_TIME": "locale", "PATH": "/own", "EDITOR": "vi", "USER": "lain",
                "XDG_SESSION_ID": "1", "WLR_BACKENDS": "headless", "LIBSEAT_BACKEND": "builtin",
                "SHELL": "/bin/sh"}  # fmt: skip
    assert {name: values[name] for name in expected} == expected
    assert "LD_PRELOAD" not in values


def test_x11_has_nothing_of_wayland():
    assert not {"WAYLAND_DISPLAY", "MOZ_ENABLE_WAYLAND", "WLR_BACKENDS", "LIBSEAT_BACKEND"} & _compute("x11").keys()


@pytest.mark.parametrize(
    ("program", "session", "current"),
    [
        ("/usr/bin/sway", "sway", "sway:wlroots"),
        ("/usr/bin/dwl", "dwl", "dwl:wlroots"),
        ("/opt/Hyprland", "Hyprland", "Hyprland"),
        ("/usr/bin/openbox-session", "openbox", "Openbox"),
        ("mine", "mine", "mine"),
        ("/opt/a b/x:ä", "x__", "x__"),
    ],
)
def test_the_desktop_s_names(program, session, current):
    assert session_env.desktop(program) == {"XDG_SESSION_DESKTOP": session, "XDG_CURRENT_DESKTOP": current}


def test_lines_of_a_file():
    text = '# no\n\nA=1\n export B = 2\nexport C="x y" \nD=\'"\'\nE=\nA=3\nF=a=b\n'
    values, wrong = session_env.parse(text)
    assert values == {"A": "3", "C": "x y", "D": '"', "E": "", "F": "a=b"}
    assert wrong == ["4: not KEY=VALUE"]


@pytest.mark.parametrize(
    "line", ["A", "=", "=x", "A B=1", "1A=x", "Ä=x", "A-B=x", "export A", "A+=x", "A='", "A=\"x'", "A\0=x"]
)
def test_a_malformed_line(line):
    values, wrong = session_env.parse(f"X=1\n{line}\nY=2\n")
    assert values == {"X": "1", "Y": "2"}
    assert len(wrong) == 1
    assert wrong[0].startswith("2: ")


def test_a_value_that_execve_could_not_take_is_malformed():
    values, wrong = session_env.parse("A=x\0y\nB=1\n")
    assert (values, wrong) == ({"B": "1"}, ["1: a zero byte"])


def test_notify_socket_is_for_the_contract():
    for profile, there in (("desktop", False), ("contract", True)):
        settings = config.parse(f'profile = "{profile}"\n')
        assert ("NOTIFY_SOCKET" in session_env.with_notify_socket({}, settings)) is there


def test_bytes_go_out_as_they_came_in():
    assert session_env.block({"A": "ä\udcff"}) == {b"A": b"\xc3\xa4\xff"}
