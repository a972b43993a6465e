"""What comes with p7's packages beside p7, on a booted machine: scriptlets, hooks' script, services."""

from __future__ import annotations

import shutil

import pytest

from tests.lab.boot import Boot, until
from tests.lab.inside import ask, processes
from tests.lab.stage import REPO

HOOK = "/usr/share/libalpm/scripts/p7-hook"
CHROOT = """
mount -t tmpfs chroot /mnt
for name in bin lib lib64 sbin; do ln -s usr/$name /mnt/$name; done
for name in etc proc run tmp usr; do mkdir /mnt/$name; mount --rbind /$name /mnt/$name; done
"""
COUNTS = {"lainos-notifyd": 1, "lainos-dbus-bridge": 2}
DAEMONS = tuple(COUNTS)


def scriptlet(boot: Boot, package: str, function: str) -> str:
    """Run a function as pacman does: its shell has read the file, its folder is /."""
    shutil.copy(REPO / f"rc/packages/{package}/{package}.install", boot.path("/tmp"))
    return ask(boot, "sh", "-c", f"cd /; . /tmp/{package}.install; {function} 2-1 1-1")


def running(boot: Boot) -> dict[str, list[str]]:
    """The daemons' processes once all are there: OpenRC before 0.62 does not wait for the bridge's second."""
    until(lambda: all(len(processes(boot, name)) == count for name, count in COUNTS.items()), 10, "the daemons run")
    return {name: processes(boot, name) for name in DAEMONS}


def test_tmpfiles_are_made_at_boot(booted: Boot) -> None:
    """By Debian's tmpfiles.d of tuigreet: the tree is without it, and tuigreet then remembers nobody."""
    assert ask(booted, "stat", "-c", "%a %U", "/var/cache/tuigreet") == "750 _greetd"


def test_the_bus_answers_when_its_service_has_started_and_reloads(booted: Boot) -> None:
    policy = booted.path("/usr/share/dbus-1/system.d/lab.conf")
    policy.write_text('<busconfig><policy context="mandatory"><deny own="org.example.Denied"/></policy></busconfig>')
    name = ["org.freedesktop.DBus.RequestName", "string:org.example.Denied", "uint32:0"]
    request = ["dbus-send", "--system", "--print-reply", "--dest=org.freedesktop.DBus", "/", *name]
    ask(booted, "rc-service", "dbus", "reload")
    code, output = booted.run(request)
    assert code != 0
    assert "org.example.Denied" in output
    policy.unlink()


def test_new_rules_reach_udev_and_the_hardware_database_is_made(booted: Boot) -> None:
    ask(booted, "sh", "-c", "/usr/lib/systemd/systemd-udevd --daemon >/dev/null 2>&1")
    ask(booted, "udevadm", "control", "--ping")
    rule = 'SUBSYSTEM=="net", ACTION=="add", KERNEL=="hook0", RUN+="/usr/bin/touch /run/hooked"\n'
    booted.path("/usr/lib/udev/rules.d/99-lab.rules").write_text(rule)
    _, output = booted.run([HOOK, "udev"])
    # /sys cannot be written here, and the machine's devices are none of the test's.
    assert [line for line in output.splitlines() if not line.endswith("Read-only file system")] == []
    ask(booted, "ip", "link", "add", "hook0", "type", "veth", "peer", "name", "hook1")
    until(lambda: booted.path("/run/hooked").exists(), 10, "the new rule was followed")
    ask(booted, HOOK, "hwdb")
    assert booted.path("/etc/udev/hwdb.bin").stat().st_size > 1000


def test_formats_are_registered_where_the_service_is_started(booted: Boot) -> None:
    """Debian's OpenRC comes without that service, so a stand-in counts its starts."""
    assert ask(booted, HOOK, "binfmt") == ""
    script, starts = booted.path("/etc/init.d/binfmt"), booted.path("/run/binfmt")
    script.write_text("#!/sbin/openrc-run\nstart() { echo started >>/run/binfmt; }\n")
    script.chmod(0o755)
    ask(booted, HOOK, "binfmt")
    assert not starts.exists()
    ask(booted, "rc-service", "binfmt", "start")
    ask(booted, HOOK, "binfmt")
    assert starts.read_text() == "started\n" * 2


@pytest.mark.parametrize("name", ["tmpfiles-setup", "opentmpfiles-setup", "systemd-tmpfiles-setup"])
def test_tmpfiles_are_left_to_a_service_of_the_distributions(booted: Boot, name: str) -> None:
    folder, other = booted.path("/var/cache/tuigreet"), booted.path(f"/etc/init.d/{name}")
    other.touch()
    folder.rmdir()
    assert f" {name} does this here" in ask(booted, "rc-service", "lainos-tmpfiles", "restart")
    assert not folder.exists()
    other.unlink()
    ask(booted, "rc-service", "lainos-tmpfiles", "restart")
    assert folder.exists()


def test_no_program_for_tmpfiles_is_a_warning_and_no_failure(booted: Boot) -> None:
    program = booted.path("/usr/bin/systemd-tmpfiles")
    target = program.readlink()
    program.unlink()
    output = ask(booted, "rc-service", "lainos-tmpfiles", "restart")
    assert "Neither etmpfiles nor systemd-tmpfiles is installed" in output
    program.symlink_to(target)


def test_an_upgrade_restarts_the_daemons_that_run_and_no_other(booted: Boot) -> None:
    before = running(booted)
    scriptlet(booted, "protocol7-core", "post_upgrade")
    after = running(booted)
    assert all(set(after[name]).isdisjoint(before[name]) for name in DAEMONS)
    ask(booted, "rc-service", "lainos-notifyd", "stop")
    scriptlet(booted, "protocol7-core", "post_upgrade")
    assert processes(booted, "lainos-notifyd") == []
    ask(booted, "rc-service", "lainos-notifyd", "start")


def test_in_a_chroot_nothing_is_touched(booted: Boot) -> None:
    """Whose /run and /proc are the machine's, as somebody may have bound them."""
    before = running(booted)
    shutil.copy(REPO / "rc/packages/protocol7-core/protocol7-core.install", booted.path("/tmp"))
    ask(booted, "sh", "-ec", CHROOT)
    ask(booted, "chroot", "/mnt", "sh", "-c", ". /tmp/protocol7-core.install; post_upgrade 2-1 1-1")
    assert ask(booted, "chroot", "/mnt", HOOK, "udev") == ""
    assert {name: processes(booted, name) for name in DAEMONS} == before
    ask(booted, "umount", "-lR", "/mnt")


@pytest.mark.parametrize("leaves", ["runlevels", "user", "run"])
def test_removal_leaves_nothing_behind(removed: Boot, leaves: str) -> None:
    if leaves == "runlevels":
        links = ask(removed, "sh", "-c", "ls /etc/runlevels/*/").split()
        assert [name for name in links if name.startswith(("lainos-", "cgroup-delegate"))] == []
        assert "dbus" in links
    elif leaves == "user":
        assert removed.run(["getent", "passwd", "lainos"])[0] != 0
    else:
        assert not removed.path("/run/lainos").exists()
        assert not removed.path("/run/systemd/notify").exists()
        assert [pid for name in DAEMONS for pid in processes(removed, name)] == []


@pytest.fixture(scope="module")
def removed(booted: Boot) -> Boot:
    """After what pacman runs around the removal of the files."""
    conf = booted.path("/etc/pacman.conf")
    conf.write_text("[options]\n")
    ask(booted, "p7", "seal-conf")
    scriptlet(booted, "protocol7-core", "pre_remove")
    assert conf.read_text() == "[options]\n"
    scriptlet(booted, "protocol7-core", "post_remove")
    return booted
