"""Operations: idempotent, whole or not at all, and never through what stands in the way."""

import os
import stat

import pytest

from p7 import Failure, ops
from p7.root import Root


@pytest.fixture
def root(tmp_path):
    return Root(str(tmp_path))


def _own(path, **keywords):
    return ops.Mkdir(path, uid=os.getuid(), gid=os.getgid(), **keywords)


def test_mkdir_makes_and_mends_the_mode(root, tmp_path):
    _own("/a", mode=0o700).apply(root)
    (tmp_path / "a").chmod(0o777)
    _own("/a", mode=0o700).apply(root)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o700


def test_mkdir_is_not_bent_by_the_umask(root, tmp_path):
    old = os.umask(0o077)
    try:
        _own("/a", mode=0o755).apply(root)
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o755


@pytest.mark.parametrize("make", ["symlink", "dangling", "file", "fifo"])
def test_mkdir_refuses_what_is_no_folder(root, tmp_path, make):
    (tmp_path / "target").mkdir()
    path = tmp_path / "a"
    if make == "file":
        path.write_text("x")
    elif make == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to("target" if make == "symlink" else "nowhere")
    with pytest.raises(Failure, match=r"/a: a (symlink|regular file|fifo) is where a folder belongs"):
        _own("/a").apply(root)
    assert not list((tmp_path / "target").iterdir())


def test_write_renames_into_place_and_leaves_no_temporary(root, tmp_path):
    (tmp_path / "f").write_text("old")
    before = (tmp_path / "f").stat().st_ino
    ops.Write("/f", "new\n").apply(root)
    assert (tmp_path / "f").read_text() == "new\n"
    assert (tmp_path / "f").stat().st_ino != before
    assert os.listdir(tmp_path) == ["f"]


def test_write_of_the_same_text_touches_nothing(root, tmp_path):
    ops.Write("/f", "same").apply(root)
    before = _written(tmp_path / "f")
    ops.Write("/f", "same").apply(root)
    assert _written(tmp_path / "f") == before


def _written(path):
    status = path.stat()
    return status.st_ino, status.st_mtime_ns, status.st_ctime_ns


def test_write_gets_over_a_temporary_left_by_a_crash(root, tmp_path):
    (tmp_path / ".#f").write_text("half")
    ops.Write("/f", "whole").apply(root)
    assert os.listdir(tmp_path) == ["f"]


@pytest.mark.parametrize("make", ["symlink", "folder", "fifo", "socket"])
def test_write_refuses_what_is_no_regular_file(root, tmp_path, make):
    import socket

    path = tmp_path / "f"
    victim = tmp_path / "victim"
    victim.write_text("precious")
    if make == "symlink":
        path.symlink_to(victim)
    elif make == "folder":
        path.mkdir()
    elif make == "fifo":
        os.mkfifo(path)
    else:
        with socket.socket(socket.AF_UNIX) as unix:
            unix.bind(str(path))
    with pytest.raises(Failure, match="is where a regular file belongs"):
        ops.Write("/f", "x").apply(root)
    assert victim.read_text() == "precious"


def test_write_failure_keeps_the_old_file_and_names_the_path(root, tmp_path, capfd):
    (tmp_path / "f").write_text("old")
    (tmp_path / ".#f").mkdir()  # neither to be removed nor to be written
    assert ops.run([ops.Write("/f", "new")], root) == 1
    assert f"{tmp_path}/f: File exists" in capfd.readouterr().err
    assert (tmp_path / "f").read_text() == "old"


def test_a_symlink_on_the_way_is_not_followed(root, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "a").symlink_to("elsewhere")
    for step in (_own("/a/b"), ops.Write("/a/f", "x")):
        with pytest.raises(Failure, match="/a: a symlink is where a folder belongs"):
            step.apply(root)
    assert os.listdir(tmp_path / "elsewhere") == []


def test_run_goes_on_after_a_failed_step(root, tmp_path, capfd):
    status = ops.run([ops.Write("/missing/f", "x"), ops.Write("/f", "y")], root)
    assert status == 1
    assert (tmp_path / "f").read_text() == "y"
    assert f"{tmp_path}/missing/f: No such file or directory" in capfd.readouterr().err


def test_dry_run_prints_and_changes_nothing(root, tmp_path, capsys):
    assert ops.run([_own("/a"), ops.Write("/f", "text\n")], root, dry_run=True) == 0
    assert not os.listdir(tmp_path)
    assert capsys.readouterr().out == f"mkdir /a 0755 {os.getuid()}:{os.getgid()}\nwrite /f 0644\n    text\n"


def test_one_thing_in_the_way_of_two_steps_is_told_once(root, tmp_path, capfd):
    (tmp_path / "way").write_text("")
    steps = [ops.Mkdir("/way", uid=os.getuid(), gid=os.getgid()), ops.Write("/way/file", "x")]
    assert ops.run(steps, root) == 1
    assert capfd.readouterr().err.count("/way: a regular file is where a folder belongs") == 1
