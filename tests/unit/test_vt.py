"""The virtual terminal's node: the user's only while the user is on it."""

import os
import stat

import pytest

from p7.broker import vt
from p7.root import Root
from tests.need import need_root


@pytest.fixture
def terminals(tmp_path):
    need_root("device nodes are root's")
    (tmp_path / "dev").mkdir()
    for number in (1, 2):
        os.mknod(tmp_path / f"dev/tty{number}", 0o620 | stat.S_IFCHR, os.makedev(4, number))
    os.mknod(tmp_path / "dev/tty3", 0o620 | stat.S_IFCHR, os.makedev(1, 3))
    (tmp_path / "dev/tty4").symlink_to("tty1")
    stat_line = "42 (a) b) (c) S 1 42 42 {number} 42 4194304 0 0"
    (tmp_path / "proc/42").mkdir(parents=True)
    (tmp_path / "proc/42/stat").write_text(stat_line.format(number=0x401))
    return tmp_path


def test_a_terminal_goes_to_who_runs_on_it_and_back(terminals):
    root, node = Root(str(terminals)), terminals / "dev/tty1"
    assert vt.give(root, 1, 1000, 42)
    assert (node.stat().st_uid, node.stat().st_gid) == (1000, 0)
    vt.take_back(root, 1, 1001)
    assert node.stat().st_uid == 1000
    vt.take_back(root, 1, 1000)
    assert node.stat().st_uid == 0


@pytest.mark.parametrize(("number", "pid"), [(2, 42), (1, 43), (63, 42)])
def test_a_terminal_somebody_is_not_on_stays_root_s(terminals, number, pid):
    assert not vt.give(Root(str(terminals)), number, 1000, pid)
    assert (terminals / "dev/tty2").stat().st_uid == 0


@pytest.mark.parametrize("number", [3, 4])
def test_what_only_looks_like_a_terminal_is_left_alone(terminals, number):
    """Another device, and a symlink to a terminal."""
    (terminals / "proc/42/stat").write_text(f"42 (x) S 1 42 42 {0x400 | number} 0")
    assert not vt.give(Root(str(terminals)), number, 1000, 42)
    assert (terminals / "dev/tty1").stat().st_uid == 0
    assert (terminals / f"dev/tty{number}").lstat().st_uid == 0
