"""`p7 finalize` on what `build.py install` laid out, with the users and services that other packages bring."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from p7.build import PROJECT
from tests.lab.private import Private
from tests.need import need, need_root

PASSWD = """\
root:x:0:0:root:/root:/bin/sh
_greetd:x:101:101::/nonexistent:/usr/sbin/nologin
lainos:x:990:990::/nonexistent:/usr/sbin/nologin
lain:x:1000:1000:Lain:/home/lain:/bin/sh
"""
GROUP = "root:x:0:\nwheel:x:10:lain\nvideo:x:44:\ninput:x:998:\nlain:x:1000:\n"
GSHADOW = "root:*::\nwheel:!::lain\nvideo:!::\ninput:!::\nlain:!::\n"
OTHERS = ("cgroups", "dbus", "seatd", "greetd", "agetty.tty1")
"""Services whose scripts come with other packages."""
DEFAULT = ["dbus", "greetd", "lainos-dbus-bridge", "lainos-net-init", "seatd"]
SYSINIT = ["cgroup-delegate", "cgroups", "lainos-ghost-units", "lainos-notifyd"]


@pytest.fixture(autouse=True)
def _root() -> None:
    need_root("it makes root's files")


@pytest.fixture(scope="module")
def image(p7: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A system on which everything is installed and nothing is set up."""
    folder = tmp_path_factory.mktemp("image")
    env = {**os.environ, "P7_DIST": str(p7.parent)}
    install = [sys.executable, "build.py", "install", "--destdir", str(folder)]
    subprocess.run(install, cwd=PROJECT, env=env, check=True, capture_output=True)
    for name, text in (("passwd", PASSWD), ("group", GROUP), ("gshadow", GSHADOW)):
        (folder / "etc" / name).write_text(text)
    for name in OTHERS:
        (folder / "etc/init.d" / name).write_text("#!/sbin/openrc-run\n")
    (folder / "usr/bin/tuigreet").touch()
    default = folder / "etc/runlevels/default"
    default.mkdir(parents=True)
    (default / "agetty.tty1").symlink_to("/etc/init.d/agetty.tty1")
    return folder


@pytest.fixture
def target(image: Path, tmp_path: Path) -> Path:
    """A copy to work on."""
    return Path(shutil.copytree(image, tmp_path / "target", symlinks=True))


def finalize(p7: Path, target: Path, *options: str, **keywords: int) -> subprocess.CompletedProcess[str]:
    command = [p7, "finalize", "--root", str(target), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, **keywords)


def listing(folder: Path) -> dict[str, tuple[int, int, int, bytes]]:
    """Path to inode, mode, the time of the last change to either, and content."""
    found = {}
    for path in folder.rglob("*"):
        status = path.lstat()
        text = path.read_bytes() if stat.S_ISREG(status.st_mode) else b""
        found[str(path)] = (status.st_ino, status.st_mode, status.st_ctime_ns, text)
    return found


def links(target: Path, level: str) -> dict[str, str]:
    return {path.name: os.readlink(path) for path in (target / "etc/runlevels" / level).iterdir()}


def test_a_new_installation_is_made_whole_in_every_form(artifact: Path, target: Path) -> None:
    done = finalize(artifact, target, umask=0o077)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert done.stderr.endswith("finalize: all of it holds\n")
    assert links(target, "default") == {name: f"/etc/init.d/{name}" for name in DEFAULT}
    assert links(target, "sysinit") == {name: f"/etc/init.d/{name}" for name in SYSINIT}
    doas = target / "etc/doas.conf"
    assert (doas.read_text(), stat.S_IMODE(doas.stat().st_mode)) == ("permit persist :wheel\n", 0o400)
    assert 'user = "_greetd"' in (target / "etc/greetd/config.toml").read_text()
    cache = (target / "var/cache/tuigreet").stat()
    assert (stat.S_IMODE(cache.st_mode), cache.st_uid, cache.st_gid) == (0o750, 101, 101)
    assert len((target / "etc/machine-id").read_text()) == 33
    assert os.readlink(target / "var/lib/dbus/machine-id") == "/etc/machine-id"
    assert "video:x:44:lain\ninput:x:998:lain\n" in (target / "etc/group").read_text()
    assert "video:!::lain\ninput:!::lain\n" in (target / "etc/gshadow").read_text()
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (target / "etc").rglob("*") if path.is_dir()}
    assert set(modes.values()) == {0o755}


def test_again_it_finds_all_of_it_done_and_touches_nothing(p7: Path, target: Path) -> None:
    first = finalize(p7, target)
    before = listing(target)
    again = finalize(p7, target)
    assert again.returncode == 0
    assert "done: " in first.stderr and "done: " not in again.stderr
    did = {line.removeprefix("finalize: done: ") for line in first.stderr.splitlines() if ": done: " in line}
    found = {line.removeprefix("finalize: already: ") for line in again.stderr.splitlines() if ": already: " in line}
    # Folders are made where there are none, and what is gone is no more to be seen.
    assert all(step.startswith(("mkdir /", "unlink /")) for step in did - found)
    assert len(did & found) > 12
    assert listing(target) == before
    assert finalize(p7, target, "--dry-run").stdout == ""


def test_a_dry_run_prints_the_steps_and_changes_nothing(p7: Path, target: Path) -> None:
    before = listing(target)
    done = finalize(p7, target, "--dry-run")
    assert done.returncode == 0
    assert "write /etc/doas.conf 0400\n    permit persist :wheel\n" in done.stdout
    assert "unlink /etc/runlevels/default/agetty.tty1\n" in done.stdout
    assert "link /etc/runlevels/default/greetd -> /etc/init.d/greetd\n" in done.stdout
    assert "add lain to video input\n" in done.stdout
    assert listing(target) == before


def test_it_tells_what_it_left_to_an_administrator(p7: Path, target: Path) -> None:
    (target / "etc/doas.conf").write_text("permit nopass root\n")
    greetd = target / "etc/greetd/config.toml"
    greetd.parent.mkdir()
    greetd.write_text('[default_session]\ncommand = "gtkgreet"\nuser = "_greetd"\n')
    done = finalize(p7, target)
    assert done.returncode == 0
    for path in ("/etc/doas.conf", "/etc/greetd/config.toml"):
        assert f"{path} is yours and stays; {path}.new is what it would have been\n" in done.stderr
    assert (target / "etc/doas.conf").read_text() == "permit nopass root\n"
    assert "gtkgreet" in greetd.read_text()
    assert "agetty.tty1" in links(target, "default")
    assert "tuigreet" in (target / "etc/greetd/config.toml.new").read_text()
    assert stat.S_IMODE((target / "etc/doas.conf.new").stat().st_mode) == 0o400


def test_all_that_is_missing_is_told_at_once_and_the_rest_is_done(p7: Path, target: Path) -> None:
    for name in ("etc/init.d/seatd", "usr/bin/tuigreet", "etc/rc.conf.d/p7.conf"):
        (target / name).unlink()
    (target / "etc/passwd").write_text(PASSWD.replace("lainos:x:990", "other:x:990"))
    planned, done = finalize(p7, target, "--dry-run"), finalize(p7, target)
    assert planned.returncode == done.returncode == 1
    for text in ("no service seatd", "no tuigreet", 'no rc_cgroup_mode="unified" in force', "no user lainos"):
        assert text in planned.stderr and text in done.stderr
    assert "4 of " in done.stderr.splitlines()[-1]
    assert "greetd" in links(target, "default")


@pytest.mark.parametrize("toml", ["", '[identity]\nuser = "arisu"\n'], ids=["first", "named"])
def test_of_two_users_it_is_told_which_one(p7: Path, target: Path, toml: str) -> None:
    with (target / "etc/passwd").open("a") as file:
        file.write("arisu:x:1001:1001::/home/arisu:/bin/sh\n")
    (target / "etc/lainos/p7.toml").write_text(toml)
    done = finalize(p7, target)
    assert done.returncode == 0
    assert f"add {'arisu' if toml else 'lain'} to video input" in done.stderr
    told = "the user is lain, the first; [identity] user in p7.toml can name another of arisu" in done.stderr
    warned = "arisu is not in wheel, which doas asks for: 'usermod -aG wheel arisu'" in done.stderr
    assert (told, warned) == ((False, True) if toml else (True, False))


def test_without_a_user_all_else_is_done(p7: Path, target: Path) -> None:
    (target / "etc/passwd").write_text(PASSWD.replace("lain:x:1000:1000:Lain:/home/lain:/bin/sh\n", ""))
    done = finalize(p7, target)
    assert done.returncode == 1
    assert "1 of " in done.stderr.splitlines()[-1]
    assert (target / "etc/group").read_text() == GROUP
    assert "greetd" in links(target, "default")


def test_a_symlink_out_of_the_new_system_is_not_followed(p7: Path, target: Path, tmp_path: Path) -> None:
    (outside := tmp_path / "outside").mkdir()
    (target / "etc/greetd").symlink_to(outside)
    (target / "etc/doas.conf").symlink_to(tmp_path / "doas")
    done = finalize(p7, target)
    assert done.returncode == 1
    assert "/etc/greetd: a symlink is where a folder belongs" in done.stderr
    assert "/etc/doas.conf: a symlink is where a regular file belongs" in done.stderr
    assert not any(outside.iterdir()) and not (tmp_path / "doas").exists()


def test_a_full_disk_loses_nothing_and_the_next_run_goes_on(p7: Path, image: Path) -> None:
    with Private() as machine:
        machine.run(["mkdir", "/run/target"])
        machine.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", "/run/target"])
        machine.run(["cp", "-a", f"{image}/.", "/run/target"])
        run = [p7, "finalize", "--root", "/run/target"]
        machine.run(["sh", "-c", "cat /dev/zero >/run/target/fill"])
        full = machine.run(run)
        assert full.returncode == 1
        assert "/run/target/etc/group: No space left on device" in full.stderr
        assert machine.path("/run/target/etc/group").read_text() == GROUP
        assert machine.path("/run/target/etc/gshadow").read_text() == GSHADOW
        assert not list(machine.path("/run/target/etc").rglob(".#*"))
        machine.run(["rm", "/run/target/fill"])
        assert machine.run(run).returncode == 0


def test_a_read_only_disk_is_told_in_one_line(p7: Path, image: Path) -> None:
    with Private() as machine:
        machine.run(["mkdir", "/run/target"])
        machine.run(["mount", "--bind", image, "/run/target"])
        machine.run(["mount", "-o", "remount,bind,ro", "/run/target"])
        done = machine.run([p7, "finalize", "--root", "/run/target"])
    text = "finalize: /run/target/etc: the file system is read-only, and nothing was changed\n"
    assert (done.returncode, done.stderr) == (1, text)


def archive(folder: Path, name: str, *files: str) -> Path:
    """A package of these files, and a signature."""
    (work := folder / "work").mkdir(parents=True)
    (work / ".PKGINFO").write_text(f"pkgname = {name}\npkgver = 257-1\n")
    for file in files:
        (work / file).parent.mkdir(parents=True)
        (work / file).write_text("x")
    made = folder / f"{name}-257-1-x86_64.pkg.tar.zst"
    subprocess.run(["bsdtar", "--zstd", "-cf", made, "-C", work, ".PKGINFO", *files], check=True)
    shutil.rmtree(work)
    Path(f"{made}.sig").write_text("signed")
    return made


def test_pacmans_cache_keeps_no_real_package_of_a_sealed_name(artifact: Path, target: Path) -> None:
    need("bsdtar", "libarchive-tools")
    (target / "etc/pacman.conf").write_text("[options]\nInclude = /etc/pacman.d/places\n")
    (target / "etc/pacman.d").mkdir()
    (target / "etc/pacman.d/places").write_text("CacheDir = /srv/pkg/ /srv/link\nCacheDir = /srv/out /srv/none\n")
    real = [archive(target / "srv/pkg", "systemd", "usr/lib/systemd/systemd")]
    real.append(archive(target / "srv/other", "elogind", "usr/bin/loginctl"))
    kept = [archive(target / "srv/pkg", name, "usr/lib/x") for name in ("systemd-libs", "linux")]
    kept.append(archive(target / "srv/other", "systemd", "usr/share/doc/systemd/why"))
    kept.append(archive(target / "outside", "systemd", "usr/lib/systemd/systemd"))
    (target / "srv/link").symlink_to("other")
    (target / "srv/out").symlink_to("/outside")  # which, seen from here, is another machine's
    damaged = target / "srv/pkg/mkinitcpio-39-1-any.pkg.tar.zst"
    damaged.write_bytes(kept[0].read_bytes()[:50])
    part = target / "srv/pkg/elogind-252-1-x86_64.pkg.tar.zst.part"
    part.touch()
    planned = finalize(artifact, target, "--dry-run").stdout
    assert all(path.exists() for path in [*real, *kept, damaged, part])
    said = finalize(artifact, target).stderr
    there = set(target.rglob("*.pkg.tar*"))
    assert there == {*kept, *(Path(f"{path}.sig") for path in kept), part}
    for path, reason in (
        (real[0], "it is called systemd and brings usr/lib/systemd/systemd, as no dummy does"),
        (real[1], "it is called elogind and brings usr/bin/loginctl, as no dummy does"),
        (damaged, "it is damaged: "),
    ):
        line = f"delete /{path.relative_to(target)}: {reason}"
        assert line in planned and f"finalize: done: {line}" in said
    assert f"/srv/out leads out of {target}, and what pacman has in it is left alone\n" in said
    assert "delete" not in finalize(artifact, target).stderr


@pytest.mark.parametrize(
    ("text", "problem"),
    [(None, "is missing: it comes with p7"), ("[groups]\nuser = 3\n", "user of [groups] must be a list of names")],
)
def test_without_good_lists_nothing_is_begun(p7: Path, target: Path, text: str | None, problem: str) -> None:
    path = target / "etc/lainos/finalize.toml"
    path.unlink() if text is None else path.write_text(text)
    before = listing(target)
    done = finalize(p7, target)
    assert done.returncode == 1 and problem in done.stderr and done.stderr.count("\n") == 1
    assert listing(target) == before
