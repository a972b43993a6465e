"""Who the machine belongs to, and how the four faces spell it."""

import pytest

from p7 import config, identity
from p7.root import Root

PASSWD = """\
root:x:0:0:root:/root:/bin/bash
daemon:x:1:1::/:/usr/sbin/nologin
broken:x:abc:1::/:/bin/sh
short:x:1000
builder:x:1000:1000::/home/b:/usr/bin/nologin
lain:x:1001:1001:Lain,,,:/home/lain:/bin/bash
arisu:x:1002:1002::/home/arisu:/bin/zsh
nobody:x:65534:65534::/:/bin/bash
"""


def _find(tmp_path, passwd, toml=""):
    (tmp_path / "etc").mkdir()
    if passwd is not None:
        (tmp_path / "etc/passwd").write_text(passwd)
    return identity.find_user(Root(str(tmp_path)), config.parse(toml))


def test_first_with_a_uid_in_range_and_a_login_shell(tmp_path):
    user = _find(tmp_path, PASSWD)
    assert (user.name, user.uid, user.gid, user.home, user.shell) == ("lain", 1001, 1001, "/home/lain", "/bin/bash")


def test_the_configured_user_wins(tmp_path):
    assert _find(tmp_path, PASSWD, "[identity]\nuser = 'arisu'").name == "arisu"


def test_an_unknown_user_is_a_warning_that_names_the_key(tmp_path, capfd):
    assert _find(tmp_path, PASSWD, "[identity]\nuser = 'nanashi'") is None
    assert "no user 'nanashi', which [identity] user in p7.toml names" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("root", "is root, who has no session"),
        ("daemon", "has no login shell but /usr/sbin/nologin"),
    ],
)
def test_who_cannot_log_in_is_an_error_in_the_file(tmp_path, capfd, name, reason):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text(PASSWD)
    settings = config.parse(f"[identity]\nuser = '{name}'\n")
    assert identity.find_user(Root(str(tmp_path)), settings) is None
    assert settings.errors == 1
    said = f"p7: /etc/lainos/p7.toml:2: identity.user: '{name}' {reason}: there is no session\n"
    assert capfd.readouterr().err == said


@pytest.mark.parametrize("passwd", [None, "", "root:x:0:0::/root:/bin/sh\n", "x:x:60000:1::/:/bin/sh\n"])
def test_nobody_eligible_is_one_warning(tmp_path, capfd, passwd):
    assert _find(tmp_path, passwd) is None
    assert capfd.readouterr().err.count("\n") == 1


def test_paths_of_a_user():
    user = identity.User("lain", 1000, 1000, "/home/lain", "/bin/sh")
    assert user.runtime_path == "/run/user/1000"
    assert user.object_path == "/org/freedesktop/login1/user/_1000"
    assert user.scope == "/user.slice/user-1000.slice/session-1.scope"
