"""cgroup-delegate on a real cgroup2 hierarchy of its own, in each of the ways OpenRC mounts it."""

import stat
import subprocess

import pytest

from tests.lab.private import LAIN, PASSWD, Private
from tests.need import need_root

POINTS = {"unified": "/sys/fs/cgroup", "hybrid": "/sys/fs/cgroup/unified", "nothing": "/sys/fs/cgroup"}
SLICE = "user.slice/user-1000.slice"
SCOPE = f"{SLICE}/session-1.scope"
REMEDY = 'set rc_cgroup_mode="unified" in /etc/rc.conf.d/p7.conf, which wins over /etc/rc.conf, and reboot'


@pytest.fixture(autouse=True)
def _root():
    need_root("cgroups are root's")


def _tree(machine, point):
    """Path to (uid, gid, mode) of every folder and file of the user's slice."""
    top = machine.path(f"{point}/user.slice")
    paths = [top, *top.rglob("*")]
    stats = {str(path.relative_to(top.parent)): path.stat() for path in paths}
    return {path: (s.st_uid, s.st_gid, stat.S_IMODE(s.st_mode)) for path, s in stats.items()}


@pytest.mark.parametrize("mode", POINTS)
def test_the_session_has_its_place_and_the_user_its_part(p7, mode):
    with Private(cgroups=mode) as machine:
        assert machine.run([p7, "cgroup-delegate"]).returncode == 0
        tree = _tree(machine, POINTS[mode])
        again = machine.run([p7, "cgroup-delegate"])
        assert (again.returncode, _tree(machine, POINTS[mode])) == (0, tree)
    assert tree["user.slice"] == (0, 0, 0o755)
    for folder in (SLICE, SCOPE, f"{SCOPE}/services"):
        assert tree[folder] == (LAIN, LAIN, 0o755)
        for name in ("cgroup.procs", "cgroup.threads", "cgroup.subtree_control"):
            assert tree[f"{folder}/{name}"] == (LAIN, LAIN, 0o644)
        assert tree[f"{folder}/cgroup.kill"][0] == 0


# As root into the scope, as the broker moves a leader; then as the user about in it, and not out of the user's part.
_MOVE = f"""
cd /sys/fs/cgroup
echo 0 >{SCOPE}/cgroup.procs
exec setpriv --reuid={LAIN} --regid={LAIN} --clear-groups sh -ec '
    echo 0 >{SCOPE}/services/cgroup.procs
    mkdir {SCOPE}/services/own
    echo 0 >{SCOPE}/services/own/cgroup.procs
    if echo 0 >cgroup.procs; then exit 9; fi
    cat /proc/self/cgroup'
"""


def test_the_user_may_move_about_in_the_session(p7):
    with Private(cgroups="unified") as machine:
        machine.run([p7, "cgroup-delegate"])
        done = machine.run(["sh", "-ec", _MOVE])
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == f"0::/{SCOPE}/services/own"


def test_version_1_alone_is_an_error_with_its_remedy(p7):
    with Private(cgroups="legacy") as machine:
        done = machine.run([p7, "cgroup-delegate"])
        assert done.returncode == 1
        assert "only version 1 cgroups are mounted" in done.stderr
        assert done.stderr.endswith(f"{REMEDY}\n")


def test_hybrid_says_once_that_nothing_is_delegated(p7):
    with Private(cgroups="hybrid") as machine:
        error = machine.run([p7, "cgroup-delegate"]).stderr
    assert error.count("\n") == 1
    assert "version 1 keeps cpu memory io pids" in error
    assert error.endswith(f"{REMEDY}\n")


def test_nobody_to_delegate_to(p7):
    with Private(cgroups="unified", passwd=PASSWD.partition("lain:x")[0]) as machine:
        done = machine.run([p7, "cgroup-delegate"])
        assert done.returncode == 0
        assert "login shell yet" in done.stderr
        assert not any("user-" in path for path in _tree(machine, "/sys/fs/cgroup"))


def test_a_dry_run_changes_nothing(p7):
    with Private(cgroups="unified") as machine:
        done = machine.run([p7, "cgroup-delegate", "--dry-run"])
        assert done.returncode == 0
        assert f"mkdir /sys/fs/cgroup/{SCOPE} {LAIN}:{LAIN}" in done.stdout
        assert not machine.path("/sys/fs/cgroup/user.slice").exists()


def test_a_plan_for_a_scratch_root_blames_no_kernel(p7, tmp_path):
    done = subprocess.run(
        [p7, "cgroup-delegate", "--dry-run", "--root", tmp_path], capture_output=True, text=True, check=True
    )
    assert "the kernel has no" not in done.stderr
    assert done.stdout.startswith("mount /sys/fs/cgroup cgroup2 nsdelegate\n")
    assert "echo +memory >/sys/fs/cgroup/cgroup.subtree_control\n" in done.stdout
