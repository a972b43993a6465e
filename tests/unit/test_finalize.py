"""What `p7 finalize` decides from its lists and from what is in the system; and that any half of it is resumed."""

import os
import shutil
import stat
from pathlib import Path

import pytest

from p7 import Failure, config, identity
from p7.finalize import carry_out, files, groups, lists, plan, services
from p7.root import Root
from tests.need import need_root

PASSWD = "root:x:0:0::/root:/bin/sh\ngreeter:x:900:900::/:/bin/sh\nlain:x:1000:1000::/home/lain:/bin/sh\n"
GROUP = "root:x:0:\nvideo:x:44:\naudio:x:29:pulse,lain\nlain:x:1000:\n"
GSHADOW = "root:*::\nvideo:!:root:\naudio:!::pulse\n"
LISTS = """\
[runlevels.default]
needed = ["dbus"]
optional = ["iwd"]
[groups]
user = ["video", "audio", "storage"]
[doas]
rules = ["permit persist :wheel"]
[greetd]
users = ["_greetd", "greeter"]
displaces = ["agetty.tty1"]
"""
UPSTREAM = '[terminal]\nvt = 1\n[default_session]\ncommand = "agreety --cmd /bin/sh"\nuser = "greeter"\n'
PACKAGED = UPSTREAM.replace("agreety", "/usr/sbin/agreety")  # Debian 12's
TRIXIE = PACKAGED.replace("/bin/sh", "'${SHELL:-/bin/sh}'")  # Debian 13's
LIVE = '[default_session]\ncommand = "tuigreet"\nuser = "greeter"\n[initial_session]\ncommand = "x"\nuser = "live"\n'
SWAY = UPSTREAM.replace("/bin/sh", "sway")
AT_ONCE = UPSTREAM + '[initial_session]\ncommand = "sway"\nuser = "lain"\n'
CHOSEN = '[default_session]\ncommand = "gtkgreet"\nuser = "greeter"\n'
FRESH = {
    "etc/passwd": PASSWD,
    "etc/group": GROUP,
    "etc/gshadow": GSHADOW,
    "etc/greetd/config.toml": PACKAGED,
    "etc/iwd/main.conf": "# nothing\n[General]\n",
    "etc/rc.conf.d/p7.conf": 'rc_cgroup_mode="unified"\n',
    "etc/init.d/dbus": "",
    "etc/init.d/greetd": "",
    "etc/init.d/iwd": "",
    "etc/runlevels/default/agetty.tty1": "/etc/init.d/agetty.tty1",
    "usr/share/lainos/greetd.toml": '[default_session]\ncommand = "tuigreet"\nuser = "greeter"\n',
    "usr/lib/lainos/iwd/main.conf": "[General]\nEnableNetworkConfiguration=true\n",
}


@pytest.fixture
def root(tmp_path):
    """A new installation."""
    for path, text in FRESH.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        if "runlevels" in path:
            (tmp_path / path).symlink_to(text)
        else:
            (tmp_path / path).write_text(text)
    return Root(str(tmp_path))


def made(root):
    """The plan for it, less what only others can bring."""
    steps = plan.make(root, lists.parse(LISTS), identity.find_user(root, config.load(root))).steps
    return [step for step in steps if not step.describe().startswith("have ")]


def everything(root):
    """Path to mode and what is there, random ids aside."""
    found = {}
    for folder, _, names in os.walk(root.prefix):
        for path in (folder, *(os.path.join(folder, name) for name in names)):
            status = os.lstat(path)
            text = Path(path).read_bytes() if stat.S_ISREG(status.st_mode) else b""
            found[path] = (status.st_mode, os.readlink(path) if os.path.islink(path) else text)
    del found[root.path("/etc/machine-id")]
    return found


def test_a_half_of_it_is_finished_by_the_next_run_as_if_there_had_been_one(root, tmp_path_factory):
    need_root("it gives a folder to the greeter")
    count = len(made(root))
    assert count > 8
    results = []
    for done in range(count + 1):
        again = Root(str(tmp_path_factory.mktemp("again")))
        shutil.copytree(root.prefix, again.prefix, symlinks=True, dirs_exist_ok=True)
        for step in made(again)[:done]:
            step.apply(again)
        assert carry_out.run(made(again), again, False) == 0
        results.append({path.removeprefix(again.prefix): value for path, value in everything(again).items()})
    assert results == [results[0]] * (count + 1)


@pytest.mark.parametrize("found", [PACKAGED, TRIXIE, UPSTREAM, LIVE], ids=["debian", "trixie", "agreety", "live"])
def test_a_greetd_configuration_that_nobody_chose_is_kept_as_old(root, found):
    (path := _file(root, "/etc/greetd/config.toml")).write_text(found)
    steps = [step for step in made(root) if "greetd" in step.path]
    for step in steps:
        step.apply(root)
    assert root.read("/etc/greetd/config.toml.old") == found
    assert 'user = "greeter"' in path.read_text() and "live" not in path.read_text()


@pytest.mark.parametrize("found", [CHOSEN, SWAY, AT_ONCE, "no = toml = at all", "default_session = 3\n"])
def test_a_chosen_one_stays_with_its_getty_and_the_proposal_is_beside_it(root, found):
    (path := _file(root, "/etc/greetd/config.toml")).write_text(found)
    steps = [step for step in made(root) if "greetd" in step.path or "agetty" in step.path]
    assert [step.path for step in steps if not step.path.startswith("/var")] == ["/etc/greetd/config.toml.new"]
    steps[0].apply(root)
    assert path.read_text() == found


def test_an_old_copy_is_never_written_over(root):
    _file(root, "/etc/greetd/config.toml.old").write_text("precious")
    (step, _) = files.put(root, "/etc/greetd/config.toml", "new", 0o644, lambda text: True)[0]
    assert (step.path, step.text) == ("/etc/greetd/config.toml.old.1", PACKAGED)


def test_rules_of_an_administrator_stay_and_comments_are_no_rules(root):
    _file(root, "/etc/doas.conf").write_text("# comment\n\n")
    assert [step.path for step in made(root) if "doas" in step.path] == ["/etc/doas.conf.old", "/etc/doas.conf"]
    _file(root, "/etc/doas.conf").write_text("permit nopass arisu\n")
    (step,) = (step for step in made(root) if "doas" in step.path)
    assert (step.path, step.mode) == ("/etc/doas.conf.new", 0o400)


def test_a_service_that_is_in_another_runlevel_stays_there(root):
    level = _file(root, "/etc/runlevels/boot")
    level.mkdir()
    (level / "dbus").symlink_to("/etc/init.d/dbus")
    (step,) = (step for step in made(root) if step.path.endswith("/dbus") and "runlevels" in step.path)
    assert step.path == "/etc/runlevels/boot/dbus" and step.holds(root)


def test_a_service_without_a_script_is_an_error_or_left_out(root):
    for name in ("dbus", "iwd"):
        os.unlink(root.path(f"/etc/init.d/{name}"))
    found = plan.make(root, lists.parse(LISTS), None)
    assert "there is no service iwd: left out" in found.notes
    (step,) = (step for step in found.steps if step.path == "/etc/init.d/dbus")
    with pytest.raises(Failure, match=r"etc/init.d/dbus: no service dbus; install the package"):
        step.apply(root)
    assert not [step for step in found.steps if "iwd" in step.path]


@pytest.mark.parametrize("there", [True, False])
def test_the_getty_goes_only_when_greetd_comes(root, there):
    if not there:
        os.unlink(root.path("/etc/init.d/greetd"))
    gone = [step for step in made(root) if "agetty" in step.path]
    assert [step.describe() for step in gone] == ["unlink /etc/runlevels/default/agetty.tty1"] * there


def test_the_greeters_user_is_the_one_that_exists(root):
    _file(root, "/etc/passwd").write_text(PASSWD.replace("greeter", "_greetd"))
    (step,) = (step for step in made(root) if step.path == "/etc/greetd/config.toml")
    assert step.text == FRESH["usr/share/lainos/greetd.toml"].replace("greeter", "_greetd")


def test_groups_that_do_not_exist_are_left_out_and_the_others_filled_in_both_files(root):
    need_root("the files keep their owner")
    _file(root, "/etc/gshadow").chmod(0o640)
    step = groups.Member("lain", ["video", "audio"])
    assert not step.holds(root)
    step.apply(root)
    assert step.holds(root)
    assert root.read("/etc/group") == GROUP.replace("video:x:44:", "video:x:44:lain")
    assert root.read("/etc/gshadow") == GSHADOW.replace("root:\na", "root:lain\na").replace("::pulse", "::pulse,lain")
    assert root.read("/etc/group-") == GROUP
    assert stat.S_IMODE(_file(root, "/etc/gshadow").stat().st_mode) == 0o640


def test_lines_that_are_no_groups_are_kept_to_the_byte():
    text = "+:::\nbroken\nvideo:x:44\n\udcff:x:1:\nvideo:x:44:a,,b"
    assert groups.add(text, "lain", ["video"]) == text.replace("a,,b", "a,b,lain\n")


def test_another_program_with_the_lock_is_waited_for_and_then_named(root, monkeypatch):
    with open(root.path("/etc/.pwd.lock"), "w") as lock:
        os.lockf(lock.fileno(), os.F_LOCK, 0)
        read_fd, write_fd = os.pipe()
        if (pid := os.fork()) == 0:  # a process does not lock itself out
            monkeypatch.setattr(groups, "_PATIENCE_SEC", 0.2)
            try:
                groups.Member("lain", ["video"]).apply(root)
            except Failure as failure:
                os.write(write_fd, str(failure).encode())
            os._exit(0)
        os.waitpid(pid, 0)
    assert os.read(read_fd, 1000).decode().endswith("another program is changing users or groups; try again")
    assert root.read("/etc/group") == GROUP


@pytest.mark.parametrize(
    ("files_", "is_so"),
    [
        ({"p7.conf": 'rc_cgroup_mode="unified"'}, True),
        ({"p7.conf": "rc_cgroup_mode=unified # why"}, True),
        ({"p7.conf": 'rc_cgroup_mode="unified"', "z.conf": "rc_cgroup_mode=hybrid"}, False),
        ({"p7.conf": 'rc_cgroup_mode="unified"', "a.conf": "rc_cgroup_mode=hybrid"}, True),
        ({"p7.conf": 'rc_cgroup_mode="unified"', "z.conf.new": "rc_cgroup_mode=hybrid"}, True),
        ({}, False),
    ],
)
def test_the_last_file_that_sets_the_cgroup_mode_wins(root, files_, is_so):
    os.unlink(root.path("/etc/rc.conf.d/p7.conf"))
    for name, text in files_.items():
        _file(root, f"/etc/rc.conf.d/{name}").write_text(text + "\n")
    (step,) = (step for step in services.needs() if "rc_cgroup_mode" in step.describe())
    assert step.holds(root) == is_so


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[groups]\nuser = [", "finalize.toml: "),
        ("[group]\nuser = []", r"\[group\] is not one of"),
        ("groups = 3", r"\[groups\] is not one of"),
        ("[runlevels]\ndefault = []", r"\[runlevels.default\] is not one of"),
        ("[runlevels.single]\nneeded = []", r"\[runlevels.single\] is not one of"),
        ("[groups]\nusers = []", "has no 'users', only user"),
        ('[groups]\nuser = "video"', "must be a list of names"),
        ('[groups]\nuser = ["../x"]', "must be a list of names"),
        ('[runlevels.boot]\nneeded = ["a/b"]', "must be a list of names"),
        ('[doas]\nrules = ["permit\\nnopass"]', "must be a list of lines"),
    ],
)
def test_what_is_wrong_in_the_lists_is_named(text, problem):
    with pytest.raises(Failure, match=problem):
        lists.parse(text)


def test_a_rule_may_name_a_program(root):
    assert lists.parse('[doas]\nrules = ["permit a cmd /bin/b"]')["doas.rules"] == ["permit a cmd /bin/b"]


def test_a_missing_user_is_an_error_and_the_rest_is_done(root, capfd):
    need_root("it gives a folder to the greeter")
    _file(root, "/etc/passwd").write_text(PASSWD.replace("1000:1000", "60000:60000").replace("greeter", "cups"))
    found = plan.make(root, lists.parse(LISTS), identity.find_user(root, config.load(root)))
    assert carry_out.run(found.steps, root, False) == 1
    said = capfd.readouterr().err
    assert "no user to log in" in said and "no user _greetd or greeter; greetd's package makes it" in said
    assert root.read("/etc/doas.conf") == "permit persist :wheel\n"
    assert root.read("/etc/group") == GROUP


def _file(root, path):
    return Path(root.path(path))
