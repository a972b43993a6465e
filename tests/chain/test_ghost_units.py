"""lainos-ghost-units on a /run of its own, and what the real libsystemd then reads."""

import json
import os
import stat

import pytest

from tests.lab.private import LAIN, LAINOS, Private
from tests.need import missing, need_root

# Runs inside, as a client of libsystemd would; prints a JSON object of function: [return code, value].
_CLIENT = """
import ctypes, json
lib = ctypes.CDLL("libsystemd.so.0")
lib.sd_login_monitor_new.argtypes = [ctypes.c_char_p, ctypes.POINTER(ctypes.c_void_p)]

def text(function, *arguments):
    value = ctypes.c_char_p()
    code = getattr(lib, function)(*arguments, ctypes.byref(value))
    return [code, value.value.decode() if value.value else None]

def words(function, *arguments):
    value = ctypes.POINTER(ctypes.c_char_p)()
    code = getattr(lib, function)(*arguments, ctypes.byref(value))
    return [code, [value[i].decode() for i in range(max(code, 0))] if value else None]

uid, one, seat = ctypes.c_uint(1000), b"1", b"seat0"
answers = {name: text("sd_session_get_" + name, one) for name in ("state", "type", "class", "seat")}
answers |= {
    "uid_state": text("sd_uid_get_state", uid),
    "uid_display": text("sd_uid_get_display", uid),
    "uid_seats": words("sd_uid_get_seats", uid, 1),
    "uid_sessions": words("sd_uid_get_sessions", uid, 1),
    "sessions": words("sd_get_sessions"),
    "on_seat": [lib.sd_uid_is_on_seat(uid, 1, seat), None],
    "is_active": [lib.sd_session_is_active(one), None],
    "can_graphical": [lib.sd_seat_can_graphical(seat), None],
    "booted": [lib.sd_booted(), None],
}
for category in (None, b"session", b"uid", b"seat", b"machine"):
    answers["monitor " + str(category)] = [lib.sd_login_monitor_new(category, ctypes.byref(ctypes.c_void_p())), None]
print(json.dumps(answers))
"""


@pytest.fixture(autouse=True)
def _root():
    need_root("mounts and namespaces")


def _ask_libsystemd(machine):
    done = machine.run(["/usr/bin/python3", "-c", _CLIENT], uid=LAIN)
    if "libsystemd.so.0: cannot open" in done.stderr:
        missing("no libsystemd here", "apt-get install libsystemd0")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _tree(machine):
    """Path, mode, owner, inode and text of all that is in /run."""
    top = machine.path("/run")
    found = {}
    for path in sorted(top.rglob("*")):
        status = path.lstat()
        text = path.read_text() if stat.S_ISREG(status.st_mode) else None
        found[str(path.relative_to(top))] = (status.st_mode, status.st_uid, status.st_gid, status.st_ino, text)
    return found


def test_libsystemd_sees_the_one_user_session_and_seat(artifact):
    with Private() as machine:
        assert machine.run([artifact, "lainos-ghost-units"]).returncode == 0
        answers = _ask_libsystemd(machine)
    assert {name: value for name, (_, value) in answers.items() if value} == {
        "state": "active",
        "type": "unspecified",
        "class": "user",
        "seat": "seat0",
        "uid_state": "active",
        "uid_display": "1",
        "uid_seats": ["seat0"],
        "uid_sessions": ["1"],
        "sessions": ["1"],
    }
    assert {name: code for name, (code, value) in answers.items() if not value} == {
        "on_seat": 1,
        "is_active": 1,
        "can_graphical": 1,
        "booted": 0,
        **{f"monitor {category}": 0 for category in (None, b"session", b"uid", b"seat", b"machine")},
    }


def test_modes_owners_and_nothing_forbidden(p7):
    with Private() as machine:
        assert machine.run([p7, "lainos-ghost-units"], umask=0o077).returncode == 0
        tree = _tree(machine)
        mounts = machine.mounts()
    names = {name for name in tree if not name.startswith("user")}
    folders = ("users", "sessions", "seats", "machines", "shutdown", "inhibit")
    files = ("systemd/users/1000", "systemd/sessions/1", "systemd/seats/seat0")
    assert names == {"systemd", *(f"systemd/{name}" for name in folders), *files}
    assert all(tree[name][0] == stat.S_IFREG | 0o644 for name in files)
    assert all(tree[f"systemd/{name}"][:3] == (stat.S_IFDIR | 0o755, 0, 0) for name in folders)
    assert tree["user/1000"][:3] == (stat.S_IFDIR | 0o700, LAIN, LAIN)
    assert "tmpfs /run/user/1000 tmpfs rw,nosuid,nodev" in mounts


def test_again_changes_nothing(p7):
    with Private() as machine:
        machine.run([p7, "lainos-ghost-units"])
        machine.path("/run/user/1000/mine").write_text("kept")
        before, mounts = _tree(machine), machine.mounts()
        again = machine.run([p7, "lainos-ghost-units"])
        assert (again.returncode, again.stderr) == (0, "")
        assert _tree(machine) == before
        assert machine.mounts() == mounts


@pytest.mark.parametrize("toml", ["[ghosts]\nbooted = true", 'profile = "contract"'])
def test_the_booted_marker_on_request(p7, toml):
    with Private(toml=toml) as machine:
        assert machine.run([p7, "lainos-ghost-units"]).returncode == 0
        assert _ask_libsystemd(machine)["booted"] == [1, None]


def test_a_malformed_config_is_reported_and_the_work_done(p7):
    with Private(toml="[ghosts\nbooted = true") as machine:
        done = machine.run([p7, "lainos-ghost-units"])
        assert done.returncode == 1
        assert "lainos-ghost-units: /etc/lainos/p7.toml: " in done.stderr
        assert "line 1" in done.stderr
        assert machine.path("/run/systemd/users/1000").exists()
        assert not machine.path("/run/systemd/system").exists()


def test_another_user_leaves_nothing_of_the_one_before(p7):
    with Private() as machine:
        machine.run([p7, "lainos-ghost-units"])
        machine.path("/run/systemd/users/1002").write_text("somebody else's")
        machine.path("/etc/lainos/p7.toml").write_text("[identity]\nuser = 'arisu'\n")
        assert machine.run([p7, "lainos-ghost-units"]).returncode == 0
        assert sorted(os.listdir(machine.path("/run/systemd/users"))) == ["1001", "1002"]


def test_root_is_no_user_and_the_line_is_named(p7):
    with Private(toml="\n[identity]\nuser = 'root'\n") as machine:
        done = machine.run([p7, "lainos-ghost-units"])
        assert done.returncode == 1
        assert "lainos-ghost-units: /etc/lainos/p7.toml:3: identity.user: 'root' is root" in done.stderr
        assert os.listdir(machine.path("/run/systemd/users")) == []


def test_no_user_yet_makes_folders_only(p7):
    with Private(passwd=f"root:x:0:0::/root:/bin/sh\nlainos:x:{LAINOS}:{LAINOS}::/:/sbin/nologin\n") as machine:
        done = machine.run([p7, "lainos-ghost-units"])
        assert (done.returncode, done.stderr.count("\n")) == (0, 1)
        assert os.listdir(machine.path("/run/systemd/users")) == []
        assert os.listdir(machine.path("/run/user")) == []


@pytest.mark.parametrize("place", ["systemd", "systemd/users", "systemd/sessions/1", "user", "user/1000"])
def test_a_symlink_in_the_way_is_refused_and_not_followed(p7, place):
    with Private() as machine:
        target, link = machine.path("/run/elsewhere"), machine.path(f"/run/{place}")
        target.mkdir()
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to("/run/elsewhere")
        done = machine.run([p7, "lainos-ghost-units"])
        assert done.returncode == 1
        assert f"/run/{place}: a symlink is where a " in done.stderr
        assert os.listdir(target) == []
        assert stat.S_IMODE(target.stat().st_mode) == 0o755
        assert f"/run/{place} tmpfs" not in machine.mounts()


def test_a_read_only_run_names_the_path(p7):
    with Private() as machine:
        machine.run(["mount", "-o", "remount,ro", "/run"])
        done = machine.run([p7, "lainos-ghost-units"])
        assert done.returncode == 1
        assert "/run/systemd: Read-only file system" in done.stderr


def test_a_full_run_leaves_nothing_half_written(p7):
    with Private(run_options="size=4k") as machine:
        machine.path("/run/ballast").write_bytes(b"x" * 4096)
        done = machine.run([p7, "lainos-ghost-units"])
        assert done.returncode == 1
        assert "/run/systemd/sessions/1: No space left on device" in done.stderr
        assert os.listdir(machine.path("/run/systemd/sessions")) == []


@pytest.mark.parametrize("text", [None, "", "uninitialized\n"])
def test_a_missing_machine_id_is_made_once(p7, text):
    with Private() as machine:
        path = machine.path("/etc/machine-id")
        path.unlink(missing_ok=True)
        if text is not None:
            path.write_text(text)
        assert machine.run([p7, "lainos-ghost-units"]).returncode == 0
        made = path.read_text()
        assert len(bytes.fromhex(made.strip())) == 16
        assert made[12] == "4"  # a version 4 UUID
        machine.run([p7, "lainos-ghost-units"])
        assert path.read_text() == made


def test_a_malformed_machine_id_is_reported_with_its_remedy(p7):
    with Private() as machine:
        machine.path("/etc/machine-id").unlink(missing_ok=True)
        machine.path("/etc/machine-id").write_text("not an id\n")
        done = machine.run([p7, "lainos-ghost-units"])
        assert done.returncode == 1
        assert "'rm /etc/machine-id'" in done.stderr
        assert machine.path("/etc/machine-id").read_text() == "not an id\n"


def test_a_read_only_etc_gets_an_id_for_this_boot(p7):
    with Private() as machine:
        machine.path("/etc/machine-id").unlink(missing_ok=True)
        machine.path("/etc/machine-id").write_text("")
        machine.run(["mount", "-o", "remount,ro", "/etc"])
        done = machine.run([p7, "lainos-ghost-units"])
        assert (done.returncode, "this boot has a machine id of its own" in done.stderr) == (0, True)
        assert len(machine.run(["cat", "/etc/machine-id"]).stdout) == 33


def test_without_root_it_says_77(p7):
    with Private() as machine:
        done = machine.run([p7, "lainos-ghost-units"], uid=LAIN)
        assert (done.returncode, "must be run as root" in done.stderr) == (77, True)
