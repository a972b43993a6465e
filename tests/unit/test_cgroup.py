"""What is found of cgroups, and the plan that follows from it."""

import pytest

from applets import cgroup_delegate
from p7 import Failure, cgroup
from p7.identity import User
from p7.root import Root

LAIN = User("lain", 1000, 1000, "/home/lain", "/bin/sh")
V1 = "30 28 0:26 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"


def _found(tmp_path, mounts, files=()):
    proc = tmp_path / "proc/self"
    proc.mkdir(parents=True)
    (proc / "mountinfo").write_text(mounts)
    for name, text in files:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return cgroup.find(Root(str(tmp_path)))


def _mount(point):
    return f"31 28 0:27 / {point} rw,nosuid shared:9 - cgroup2 none rw,nsdelegate\n"


def test_unified(tmp_path):
    files = [("sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory pids\n")]
    found = _found(tmp_path, _mount("/sys/fs/cgroup"), files)
    assert (found.point, found.legacy, found.contained) == ("/sys/fs/cgroup", False, False)
    assert cgroup_delegate.missing(found) == ""
    lines = [step.describe() for step in cgroup_delegate.plan(found, LAIN)]
    for path in ("", "/user.slice", "/user.slice/user-1000.slice"):
        enable = [f"echo +{name} >/sys/fs/cgroup{path}/cgroup.subtree_control" for name in cgroup.CONTROLLERS]
        assert [line for line in lines if line in enable] == enable
    assert lines[-2:] == [f"echo max >/sys/fs/cgroup/user.slice/memory{name}.max" for name in ("", ".swap")]


def test_moves_are_made_fast_where_the_kernel_can(tmp_path):
    found = _found(tmp_path, _mount("/sys/fs/cgroup"))
    (step,) = cgroup_delegate.favor(found, "nsdelegate\nfavordynmods\n")
    assert step.describe() == "mount /sys/fs/cgroup cgroup2 remount,nsdelegate,favordynmods"
    assert cgroup_delegate.favor(found, "nsdelegate\n") == []
    assert cgroup_delegate.favor(cgroup.Hierarchy("/c", options=("rw", "favordynmods")), "favordynmods") == []
    assert cgroup_delegate.favor(cgroup.Hierarchy("/c", contained=True), "favordynmods") == []


def test_a_missing_controller_is_named_and_the_rest_enabled(tmp_path):
    files = [("sys/fs/cgroup/cgroup.controllers", "cpu pids\n")]
    found = _found(tmp_path, _mount("/sys/fs/cgroup"), files)
    assert "no memory io to delegate" in cgroup_delegate.missing(found)
    lines = " ".join(step.describe() for step in cgroup_delegate.plan(found, LAIN))
    assert "+cpu" in lines
    assert "+memory" not in lines
    assert "memory.max" not in lines


def test_hybrid_is_found_at_openrc_s_place(tmp_path):
    files = [("sys/fs/cgroup/unified/cgroup.controllers", "hugetlb\n")]
    found = _found(tmp_path, V1 + _mount("/mnt/other") + _mount("/sys/fs/cgroup/unified"), files)
    assert (found.point, found.legacy) == ("/sys/fs/cgroup/unified", True)
    assert "rc_cgroup_mode" in cgroup_delegate.missing(found)
    assert not any("subtree_control\n" in f"{step.describe()}\n" and "echo" in step.describe()
                   for step in cgroup_delegate.plan(found, LAIN))  # fmt: skip


def test_a_container_hands_down_only_what_is_enabled_already(tmp_path):
    files = [
        ("sys/fs/cgroup/cgroup.controllers", "cpu io memory pids\n"),
        ("sys/fs/cgroup/cgroup.events", "populated 1\n"),
        ("sys/fs/cgroup/cgroup.subtree_control", "memory pids\n"),
    ]
    found = _found(tmp_path, _mount("/sys/fs/cgroup"), files)
    assert found.controllers == ("memory", "pids")
    assert "a container, whose cgroups cannot delegate cpu io" in cgroup_delegate.missing(found)


def test_nothing_mounted_is_mounted(tmp_path):
    found = _found(tmp_path, "")
    assert cgroup_delegate.mount(found).describe() == "mount /sys/fs/cgroup cgroup2 nsdelegate"


def test_version_1_alone_is_refused(tmp_path):
    with pytest.raises(Failure, match=r'only version 1.*rc_cgroup_mode="unified"'):
        cgroup_delegate.mount(_found(tmp_path, V1))


def test_without_a_user_there_is_the_slice_alone():
    plan = cgroup_delegate.plan(cgroup.Hierarchy("/c", controllers=("pids",)), None)
    assert [step.path for step in plan] == ["/c/user.slice", "/c/cgroup.subtree_control",
                                            "/c/user.slice/cgroup.subtree_control"]  # fmt: skip


def test_an_attribute_that_may_be_absent(tmp_path):
    cgroup.Attribute("/memory.max", "max", optional=True).apply(Root(str(tmp_path)))
    with pytest.raises(FileNotFoundError):
        cgroup.Attribute("/memory.max", "max").apply(Root(str(tmp_path)))
