"""p7 seal-conf on configurations of every kind, and what pacman-conf says of the outcome."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from p7.seal.conf import marks
from tests.need import need, need_root
from tests.seal.machine import PACMAN

SEALED = ["elogind", "mkinitcpio", "systemd", "systemd-sysvcompat"]
UNITS = ["usr/lib/systemd/system/*", "usr/lib/systemd/user/*"]
PLAIN = "# mine\n[options]\nColor\n\n[core]\nServer = file:///core\n"


class Etc:
    """A root with nothing but a pacman.conf and what that includes."""

    def __init__(self, p7: Path, root: Path) -> None:
        self.p7 = p7
        self.root = root
        self.path = root / "etc/pacman.conf"
        (root / "etc/pacman.d").mkdir(parents=True)

    def write(self, text: str, name: str = "pacman.conf") -> Path:
        path = self.root / "etc" / name
        path.write_bytes(text.encode())
        return path

    def read(self) -> str:
        return self.path.read_bytes().decode()

    def run(self, *options: object, status: int = 0) -> str:
        need_root("seal-conf belongs to root")
        command = [self.p7, "seal-conf", "--root", self.root, *options]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == status, done.stderr
        return done.stdout + done.stderr

    def says(self, key: str) -> list[str]:
        """What pacman itself makes of an option, with the root's etc in the place of this machine's."""
        program = need("pacman-conf", PACMAN)
        script = 'mount --bind "$1" /etc && exec "$2" "$3"'
        command = ["unshare", "--mount", "sh", "-c", script, "sh", self.root / "etc", program, key]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert done.stderr == ""
        return done.stdout.split()

    def comes_back(self, text: str) -> None:
        """A second run changes nothing more, and what was done can be taken back to the byte."""
        sealed = self.read()
        assert sealed != text
        assert "nothing to change" in self.run()
        assert self.read() == sealed
        self.run("--undo")
        assert self.read() == text
        assert "nothing to change" in self.run("--undo")


@pytest.fixture
def etc(p7: Path, tmp_path: Path) -> Etc:
    return Etc(p7, tmp_path)


def test_pacman_has_the_words_and_the_file_nothing_else(artifact: Path, tmp_path: Path) -> None:
    etc = Etc(artifact, tmp_path)
    etc.write(PLAIN)
    assert etc.run() == "/etc/pacman.conf: fits the seal now\n"
    assert (etc.says("IgnorePkg"), etc.says("NoExtract"), etc.says("NoUpgrade")) == (SEALED, UNITS, [])
    head, _, tail = etc.read().partition(marks.BEGIN)
    assert head + tail.partition(marks.END + "\n")[2] == PLAIN
    etc.comes_back(PLAIN)


def test_what_is_there_is_not_said_again(etc: Etc) -> None:
    etc.write("[options]\nIgnorePkg = linux systemd\nIgnorePkg = elogind\n[core]\nIgnorePkg = mkinitcpio\n")
    etc.run()
    assert "\nIgnorePkg = mkinitcpio systemd-sysvcompat\n" in etc.read()


@pytest.mark.parametrize(
    ("line", "rest"),
    [
        ("IgnorePkg   = linux systemd-libs zlib", ["linux", "zlib"]),
        ("IgnorePkg=systemd-libs", []),
        ("IgnorePkg = systemd* linux*", ["linux*"]),
        ("NoExtract = usr/lib/sysusers.d/* usr/share/help/*", ["usr/share/help/*"]),
        ("  NoExtract = usr/lib/tmpfiles.d/x.conf !usr/lib/tmpfiles.d/y.conf", ["!usr/lib/tmpfiles.d/y.conf"]),
        ("NoUpgrade = etc/passwd usr/lib/libsystemd.so*", ["etc/passwd"]),
        ("NoUpgrade = usr/lib/lib*", []),
        ("NoUpgrade = usr/bin/p7 etc/lainos/p7.toml", ["etc/lainos/p7.toml"]),
        ("NoExtract = etc/init.d/*", []),
    ],
)
def test_what_breaks_the_seal_goes(etc: Etc, line: str, rest: list[str]) -> None:
    text = f"[options]\n{line}\nIgnorePkg = after\n"
    etc.write(text)
    etc.run()
    key = line.partition("=")[0].strip()
    ours = {"IgnorePkg": [*SEALED, "after"], "NoExtract": UNITS, "NoUpgrade": []}[key]
    assert sorted(etc.says(key)) == sorted(rest + ours)
    etc.comes_back(text)


def test_included_files_are_read_and_changed_where_they_are_options(etc: Etc) -> None:
    options = "IgnorePkg = systemd-libs elogind\n[extra]\nServer = file:///extra\nIgnorePkg = systemd-libs\n"
    included = etc.write(options, "pacman.d/options.conf")
    mirrors = etc.write("Server = file:///core\nNoUpgrade = usr/lib/*\n", "pacman.d/mirrors")
    text = "[options]\nColor\nInclude = /etc/pacman.d/opt*.conf\n[core]\nInclude = /etc/pacman.d/mirrors\n"
    etc.write(text)
    assert etc.run().splitlines() == [
        "/etc/pacman.conf: fits the seal now",
        "/etc/pacman.d/options.conf: fits the seal now",
    ]
    assert included.read_text().splitlines()[:3] == [
        "# p7 seal-conf: was: IgnorePkg = systemd-libs elogind",
        "IgnorePkg = elogind",
        "[extra]",
    ]
    assert included.read_text().count("IgnorePkg = systemd-libs\n") == 1
    assert "IgnorePkg = mkinitcpio systemd systemd-sysvcompat\n" in etc.read()
    assert mirrors.read_text() == "Server = file:///core\nNoUpgrade = usr/lib/*\n"
    etc.comes_back(text)
    assert included.read_text() == options


def test_a_file_that_was_included_then_is_put_back_though_it_is_included_no_longer(etc: Etc) -> None:
    options = "IgnorePkg = systemd-libs\n"
    included, gone = (etc.write(options, f"pacman.d/{name}.conf") for name in ("options", "gone"))
    lines = "Include = /etc/pacman.d/options.conf\nInclude = /etc/pacman.d/gone.conf\n"
    etc.write(PLAIN.replace("Color\n", lines))
    etc.run()
    etc.write(etc.read().replace(lines, ""))
    gone.unlink()
    assert "/etc/pacman.d/options.conf: as it was before\n" in etc.run("--undo")
    assert included.read_text() == options
    assert etc.read() == PLAIN.replace("Color\n", "")


ODD = ["", "# nothing\n", "[core]\nServer = file:///x\n", "[options]", "[options]\r\n", "[core]\r\n[options]"]
ODD += ["Color\r\n[options]\r\nColor\r\n", "[options]\nIgnorePkg = systemd-libs"]
ODD += ["[options]\r\nIgnorePkg = x systemd-libs", "[options]\nIgnorePkg = systemd-libs\nIgnorePkg = x"]


@pytest.mark.parametrize("text", ODD)
def test_odd_files(etc: Etc, text: str) -> None:
    etc.write(text)
    etc.run()
    assert set(etc.read().splitlines()) >= {"[options]", marks.BEGIN, marks.END}
    if "\r" in text:
        assert all(line.endswith("\r") for line in etc.read().split("\n")[:-1])
    etc.comes_back(text)


def test_repositories_come_first_and_options_go_on_behind_them(etc: Etc) -> None:
    etc.write("[lainos_repo]\nServer = file:///lainos\n", "pacman.d/lainos.conf")
    etc.write("[system]\nServer = file:///artix\n", "pacman.d/artix.conf")
    for text in (PLAIN, PLAIN.rstrip()):
        etc.write(text)
        etc.run("--repositories", "/etc/pacman.d/lainos.conf", "--last-repositories", "/etc/pacman.d/artix.conf")
        assert etc.says("--repo-list") == ["lainos_repo", "core", "system"]
        assert (etc.says("IgnorePkg"), etc.says("Color")) == (SEALED, ["Color"])
        etc.comes_back(text)


def test_repositories_stay_until_their_file_is_gone(etc: Etc) -> None:
    repositories = etc.write("[lainos_repo]\nServer = file:///lainos\n", "pacman.d/lainos.conf")
    etc.write(PLAIN)
    etc.run("--repositories", "/etc/pacman.d/lainos.conf")
    assert "nothing to change" in etc.run()
    repositories.unlink()
    etc.run()
    assert etc.says("--repo-list") == ["core"]
    assert "no file with" in etc.run("--repositories", "/etc/pacman.d/lainos.conf", status=2)


def test_what_others_wrote_into_our_lines_stays(etc: Etc) -> None:
    etc.write("[options]\nIgnorePkg = systemd-libs linux\nColor\n")
    etc.run()
    etc.write(etc.read().replace(marks.END, f"IgnorePkg = mine\n{marks.END}").replace("= linux", "= linux zlib"))
    etc.run("--undo")
    assert etc.read() == "[options]\nIgnorePkg = mine\nIgnorePkg = linux zlib\nColor\n"


def test_a_dry_run_shows_the_difference_and_writes_nothing(etc: Etc) -> None:
    path = etc.write(PLAIN)
    before = path.stat()
    lines = etc.run("--dry-run").splitlines()
    assert lines[:2] == ["--- /etc/pacman.conf", "+++ /etc/pacman.conf"]
    assert f"+IgnorePkg = {' '.join(SEALED)}" in lines
    assert (etc.read(), path.stat()) == (PLAIN, before)


def test_owner_and_mode_are_kept_and_nothing_is_left_beside(etc: Etc) -> None:
    path = etc.write(PLAIN)
    need_root("it gives a file away")
    os.chown(path, 12, 34)
    path.chmod(0o440)
    etc.run()
    status = path.stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o7777) == (12, 34, 0o440)
    assert sorted(entry.name for entry in path.parent.iterdir()) == ["pacman.conf", "pacman.d"]


def test_a_link_is_followed_but_not_out_of_the_root(etc: Etc, tmp_path: Path) -> None:
    real = etc.write(PLAIN, "pacman.d/real")
    etc.path.symlink_to("pacman.d/real")
    etc.run()
    assert etc.path.is_symlink() and marks.BEGIN in real.read_text()
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.write_text(PLAIN)
    etc.path.unlink()
    etc.path.symlink_to(outside)
    assert "it is a link out of" in etc.run(status=1)
    assert outside.read_text() == PLAIN


def test_where_it_cannot_be_written_it_says_so_and_is_as_it_was(etc: Etc) -> None:
    etc.write(PLAIN)
    script = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@"'
    need_root("it mounts")
    folder = etc.root / "etc"
    command = ["unshare", "--mount", "sh", "-c", script, "sh", folder, etc.p7, "seal-conf", "--root", etc.root]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, f"seal-conf: {etc.path}: Read-only file system\n")
    assert etc.read() == PLAIN


def test_without_a_pacman_conf(etc: Etc) -> None:
    assert etc.run(status=1) == f"seal-conf: {etc.path}: not there; is pacman installed?\n"


_LINES = [
    "[options]",
    "[core]",
    "Color",
    "",
    "# c",
    "IgnorePkg = systemd-libs",
    "IgnorePkg=a systemd-libs",
    "Include = x",
    "# p7 seal-conf: changed, too: /x",
]
_LINES += [
    "IgnorePkg = a",
    "IgnorePkg = systemd",
    "NoUpgrade = usr/lib/*",
    "NoExtract = usr/lib/systemd/user/*",
    "\xff",
]


@given(lines=st.lists(st.sampled_from(_LINES)), end=st.sampled_from(["\n", "\r\n"]), whole=st.booleans())
def test_whatever_the_lines_are_they_come_back(lines: list[str], end: str, whole: bool) -> None:
    original = [line + end for line in lines]
    if original and not whole:
        original[-1] = lines[-1] or "x"
    replaced = [new for line in original for new in marks.replaced(line, end)]
    sealed = marks.added(replaced, [*marks.records(["/x"]), "IgnorePkg = systemd", "Include = /x", "[options]"])
    assert marks.undone(sealed) == original
    assert marks.undone(marks.appended(sealed, ["Include = /y"])) == original
