"""p7 seal-verify finds what became of a sealed machine, mends what it can, and leaves pacman's hook in peace."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.seal import cc
from tests.seal.conftest import PACMANS, verify
from tests.seal.machine import LIBSYSTEMD, SYSTEMD, Files, Machine

HOOKS = "usr/share/libalpm/hooks"
MASKS = "etc/pacman.d/hooks"
GUARD = "00-p7-guard.hook"
PACMAN_SAYS = "command failed to execute correctly"


def changed_script(root: Path) -> None:
    with (root / "etc/init.d/lainos-notifyd").open("a") as file:
        file.write("\n")


def missing_hook(root: Path) -> None:
    (root / HOOKS / GUARD).unlink()


def folder_for_a_script(root: Path) -> None:
    (root / "etc/init.d/cgroup-delegate").unlink()
    (root / "etc/init.d/cgroup-delegate").mkdir()


def link_elsewhere(root: Path) -> None:
    (root / "usr/bin/net-init").unlink()
    (root / "usr/bin/net-init").symlink_to("sh")


def missing_link(root: Path) -> None:
    (root / "usr/bin/net-init").unlink()


def loose_mode(root: Path) -> None:
    (root / "etc/init.d/lainos-notifyd").chmod(0o777)


def damaged_record(root: Path) -> None:
    (root / "var/lib/pacman/local/protocol7-core-1-1/mtree").write_bytes(b"\x1f\x8b\x08 and no more")


def masked(root: Path) -> None:
    (root / MASKS / GUARD).symlink_to("/dev/null")


def emptied(root: Path) -> None:
    (root / MASKS / GUARD).write_text("# nothing\n")


def replaced(root: Path) -> None:
    shutil.copy(root / HOOKS / GUARD, root / MASKS / GUARD)


def masked_in_another_folder(root: Path) -> None:
    (root / "etc/more").mkdir()
    (root / "etc/more" / GUARD).symlink_to("/dev/null")
    with (root / "etc/pacman.conf").open("a") as file:
        file.write("[options]\nHookDir = /etc/pacman.d/hooks/\nHookDir = /etc/more/\n")


def unreadable_hook(root: Path) -> None:
    (root / MASKS / "x.hook").write_text("[Trigger]\nOperation = Instal\n")


def dangling_hook(root: Path) -> None:
    (root / MASKS / "x.hook").symlink_to("nowhere")


def smaller_library(root: Path) -> None:
    cc.library(root / f"usr/lib/{LIBSYSTEMD}.0.1", LIBSYSTEMD, {"LIBSYSTEMD_209": ["sd_listen_fds"]})


def init_of_systemd(root: Path) -> None:
    (root / "usr/bin/init").unlink()
    (root / "usr/bin/init").symlink_to("../lib/systemd/systemd")


def init_that_is_a_program(root: Path) -> None:
    (root / "usr/bin/init").unlink()
    (root / "usr/bin/init").write_text("x")


def unpacked_by_hand(root: Path) -> None:
    (root / "usr/bin/systemctl").touch()


def held_library(root: Path) -> None:
    with (root / "etc/pacman.conf").open("a") as file:
        file.write("[options]\nIgnorePkg = linux systemd-libs\n")


def unsealed_conf(root: Path) -> None:
    (root / "etc/pacman.conf").write_text("[options]\nIgnorePkg = systemd\n")


def no_conf(root: Path) -> None:
    (root / "etc/pacman.conf").unlink()


def _repositories(root: Path) -> None:
    """As the package lainos-repositories has them, and included."""
    folder = root / "usr/share/lainos/pacman"
    folder.mkdir(parents=True)
    for name, section in {"lainos.conf": "lainos_repo", "artix.conf": "system"}.items():
        (folder / name).write_text(f"[{section}]\nServer = file:///srv/{section}\n")
    options = ["--repositories", "/usr/share/lainos/pacman/lainos.conf"]
    options += ["--last-repositories", "/usr/share/lainos/pacman/artix.conf"]
    subprocess.run(["chroot", root, "/usr/bin/p7", "seal-conf", *options], check=True, stdout=subprocess.DEVNULL)


def without_the_first_repositories(root: Path) -> None:
    _repositories(root)
    conf = root / "etc/pacman.conf"
    conf.write_text(conf.read_text().replace("Include = /usr/share/lainos/pacman/lainos.conf\n", ""))


def without_the_last_repositories(root: Path) -> None:
    _repositories(root)
    conf = root / "etc/pacman.conf"
    conf.write_text(
        conf.read_text().replace("Include = /usr/share/lainos/pacman/artix.conf\n", "[other]\nUsage = All\n")
    )


def repositories_that_are_gone(root: Path) -> None:
    _repositories(root)
    (root / "usr/share/lainos/pacman/artix.conf").unlink()


AGAIN = "pacman -S protocol7-core"
LINK = "link it to openrc-init, or the next boot is not OpenRC's"
LACKS = f"needs sd_notify@LIBSYSTEMD_209 of {LIBSYSTEMD}, which does not have it"
MENDED = {
    link_elsewhere: f"/usr/bin/net-init: it leads to sh; {AGAIN}",
    missing_link: f"/usr/bin/net-init: it is gone; {AGAIN}",
    loose_mode: "/etc/init.d/lainos-notifyd: it has mode 0777 and owner 0:0; make it 0755 0:0",
    masked: f"/{MASKS}/{GUARD}: it masks p7's hook of this name; remove it",
    masked_in_another_folder: f"/etc/more/{GUARD}: it masks p7's hook of this name; remove it",
    init_of_systemd: f"/usr/bin/init: it leads to ../lib/systemd/systemd; {LINK}",
    without_the_first_repositories: "/etc/pacman.conf: it lacks repositories of /usr/share/lainos/pacman/lainos.conf;"
    " p7 seal-conf --repositories /usr/share/lainos/pacman/lainos.conf",
    without_the_last_repositories: "/etc/pacman.conf: it lacks repositories of /usr/share/lainos/pacman/artix.conf;"
    " p7 seal-conf --last-repositories /usr/share/lainos/pacman/artix.conf",
    repositories_that_are_gone: "/etc/pacman.conf: it includes /usr/share/lainos/pacman/artix.conf, which is gone, so"
    " pacman does not start; p7 seal-conf",
    held_library: "/etc/pacman.conf: IgnorePkg has systemd-libs, which the seal cannot live with; p7 seal-conf",
}
FOUND = {
    changed_script: f"/etc/init.d/lainos-notifyd: it is not what its package brought; {AGAIN}",
    missing_hook: f"/{HOOKS}/{GUARD}: it is gone; {AGAIN}",
    folder_for_a_script: f"/etc/init.d/cgroup-delegate: it is no longer a file; {AGAIN}",
    damaged_record: f"/var/lib/pacman/local/protocol7-core-1-1/mtree: it cannot be read; {AGAIN}",
    emptied: f"/{MASKS}/{GUARD}: it masks p7's hook of this name; remove it",
    replaced: f"/{MASKS}/{GUARD}: it takes the place of p7's hook of this name; remove it",
    unreadable_hook: f"/{MASKS}/x.hook: pacman cannot read it: Operation is Instal, and must be one of Install Upgrade"
    " Remove; mend it or move it away",
    dangling_hook: f"/{MASKS}/x.hook: pacman cannot read it: No such file or directory; mend it or move it away",
    smaller_library: f"/usr/bin/old: {LACKS}; upgrade its package and the library's together, or go back with both",
    init_that_is_a_program: f"/usr/bin/init: it is no link to openrc-init; {LINK}",
    unpacked_by_hand: "/usr/bin/systemctl: systemd's own program is here; pacman -Qo /usr/bin/systemctl says whose it"
    " is; remove it",
    no_conf: "/etc/pacman.conf: it cannot be read: No such file or directory; is pacman installed?",
}


@pytest.mark.parametrize("damage", FOUND, ids=lambda damage: damage.__name__)
def test_it_is_found_and_left_to_the_administrator(sealed: Machine, damage: Callable[[Path], None]) -> None:
    damage(sealed.root)
    for options in ([], ["--fix"]):
        done = verify(sealed, *options)
        assert (done.returncode, done.stdout) == (1, f"{FOUND[damage]}\n")


@pytest.mark.parametrize("damage", MENDED, ids=lambda damage: damage.__name__)
def test_it_is_found_and_can_be_mended(sealed: Machine, damage: Callable[[Path], None]) -> None:
    damage(sealed.root)
    done = verify(sealed)
    assert (done.returncode, done.stdout) == (1, f"{MENDED[damage]}\n")
    done = verify(sealed, "--fix")
    assert (done.returncode, done.stdout) == (0, f"{MENDED[damage]} (mended)\n")
    done = verify(sealed)
    assert (done.returncode, done.stdout) == (0, "")


def test_for_programs_it_is_json(sealed: Machine) -> None:
    assert json.loads(verify(sealed, "--json").stdout) == []
    unsealed_conf(sealed.root)
    unpacked_by_hand(sealed.root)
    done = verify(sealed, "--json", "--fix")
    rows = json.loads(done.stdout)
    assert done.returncode == 1
    assert [(row["path"], row["mended"]) for row in rows] == [
        ("/usr/bin/systemctl", False),
        ("/etc/pacman.conf", True),
        ("/etc/pacman.conf", True),
    ]
    assert {"what": "IgnorePkg lacks elogind mkinitcpio systemd-sysvcompat", "remedy": "p7 seal-conf"}.items() <= rows[
        1
    ].items()


def test_an_init_without_an_openrc_init_beside_it_is_left(sealed: Machine) -> None:
    init_of_systemd(sealed.root)
    (sealed.root / "usr/bin/openrc-init").unlink()
    done = verify(sealed, "--fix")
    assert (done.returncode, done.stdout) == (1, f"{MENDED[init_of_systemd]}\n")


@pytest.mark.parametrize("machine", PACMANS, indirect=True)
def test_dummies_that_were_let_go_or_replaced(sealed: Machine) -> None:
    (sealed.root / "run/lainos/unsealed").write_text("systemd\nelogind\n")
    sealed.pacman("-Rdd", "elogind")
    done = sealed.pacman("-U", sealed.package("systemd", "257-1", dict(SYSTEMD)))
    lines = [
        "/usr/bin/systemctl: systemd's own program is here; ",
        "/usr/lib/systemd/systemd: systemd's own program is here; ",
        "/var/lib/pacman/local: there is no dummy of elogind; pacman -S elogind",
        "/var/lib/pacman/local/systemd-257-1: the package systemd is no dummy: it brought usr/bin/systemctl; ",
    ]
    assert (done.returncode, PACMAN_SAYS in done.stdout) == (0, False)
    assert all(f"seal-verify: {line}" in done.stdout for line in lines), done.stdout
    found = verify(sealed).stdout.splitlines()
    assert all(line.startswith(start) for line, start in zip(found, lines, strict=True))


def test_without_a_package_nobody_can_tell(sealed: Machine) -> None:
    shutil.rmtree(sealed.root / "var/lib/pacman/local/protocol7-core-1-1")
    assert verify(sealed).stdout.startswith("/usr/bin/p7: no package owns it, so nobody can tell")


@pytest.mark.parametrize("machine", PACMANS, indirect=True)
def test_after_a_transaction_with_nothing_to_say_it_says_nothing(sealed: Machine) -> None:
    done = sealed.pacman("-U", sealed.package("hello"))
    assert done.returncode == 0
    assert "Looking after the seal..." in done.stdout
    assert "seal-verify:" not in done.stdout and PACMAN_SAYS not in done.stdout
    assert "seal-verify:" not in sealed.pacman("-R", "hello").stdout


def test_without_the_names_every_program_is_looked_into(sealed: Machine) -> None:
    """pacman 7 closes its hooks' standard input where names were piped to it."""
    (sealed.root / "run/lainos/unsealed").write_text("systemd-libs\n")
    sealed.pacman("-U", sealed.library({"LIBSYSTEMD_209": ["sd_listen_fds"], "LIBSYSTEMD_246": ["x"]}, "255-1"))
    hook = "exec /usr/bin/p7 seal-verify --hook <&-"
    done = sealed.run("chroot", sealed.root, "/usr/bin/sh", "-c", hook)
    assert (done.returncode, f"/usr/bin/old: {LACKS}" in done.stdout) == (0, True), done.stdout


def test_what_a_scriptlet_did_is_said_in_the_same_transaction(sealed: Machine) -> None:
    """The guard cannot see it coming."""
    script = "post_install() { mkdir -p /usr/lib/systemd; echo real > /usr/lib/systemd/systemd; }\n"
    files: Files = {"usr/share/foreign/x": "x"}
    done = sealed.pacman("-U", sealed.package("foreign", files=files, install=script))
    assert "seal-verify: /usr/lib/systemd/systemd: systemd's own program is here" in done.stdout
    assert (done.returncode, PACMAN_SAYS in done.stdout) == (0, False)


def test_programs_are_looked_into_when_they_or_their_library_come(sealed: Machine) -> None:
    """By an administrator's leave, for else the guard stops both."""
    (sealed.root / "run/lainos/unsealed").write_text("systemd-libs\nnew\n")
    library = sealed.library({"LIBSYSTEMD_209": ["sd_listen_fds"], "LIBSYSTEMD_246": ["x"]}, "255-1")
    assert f"/usr/bin/old: {LACKS}" in sealed.pacman("-U", library).stdout
    assert "/usr/bin/old" not in sealed.pacman("-U", sealed.package("hello")).stdout
    new = sealed.application("new", "sd_notify", {"LIBSYSTEMD_209": ["sd_notify"]})
    assert f"/usr/bin/new: {LACKS}" in sealed.pacman("-U", new).stdout


def test_another_root_is_looked_at_from_outside(sealed: Machine, p7: Path) -> None:
    command = [p7, "seal-verify", "--root", sealed.root]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
