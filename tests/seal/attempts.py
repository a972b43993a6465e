"""Attempts to get past the guard, by real pacman, and what it says to each."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.seal.machine import NODES, SYSTEMD, Done, Files, Machine, dummy


def systemd(machine: Machine, version: str = "257-1") -> Path:
    return machine.package("systemd", version, dict(SYSTEMD))


def foreign(machine: Machine, files: Files, **info: str) -> Path:
    return machine.package("foreign", files=files, **info)


def sync(machine: Machine, *archives: Path) -> None:
    machine.repository("world", *archives)
    assert machine.pacman("-Sy").returncode == 0


def notice_systemd(machine: Machine) -> None:
    """Take away IgnorePkg, which alone would stop what goes by dependencies and upgrades."""
    machine.config.write_text(machine.config.read_text().replace("IgnorePkg", "#"))


def upgrade_all(machine: Machine) -> Done:
    notice_systemd(machine)
    sync(machine, systemd(machine))
    return machine.pacman("-Su")


def by_name(machine: Machine) -> Done:
    sync(machine, systemd(machine))
    return machine.pacman("-S", "systemd")


def by_repository(machine: Machine) -> Done:
    sync(machine, systemd(machine))
    return machine.pacman("-S", "world/systemd")


def second_repository(machine: Machine) -> Done:
    machine.repository("world", dummy(machine, "256-2"))
    machine.repository("extra", systemd(machine))
    machine.pacman("-Sy")
    return machine.pacman("-S", "extra/systemd")


def included_repository(machine: Machine) -> Done:
    sync(machine, systemd(machine))
    options, _, section = machine.config.read_text().partition("[world]")
    (machine.path / "world.conf").write_text(f"[world]{section}")
    machine.config.write_text(f"{options}Include = {machine.path}/*.conf\n")
    machine.config.rename(machine.path / "pacman.main")
    machine.config = machine.path / "pacman.main"
    return machine.pacman("-S", "systemd")


def other_config(machine: Machine) -> Done:
    sync(machine, systemd(machine))
    (machine.path / "hooks").mkdir()
    text = machine.config.read_text().replace("[options]", f"[options]\nHookDir = {machine.path}/hooks")
    machine.config = machine.path / "other.conf"
    machine.config.write_text(text)
    return machine.pacman("-S", "systemd")


def group(machine: Machine) -> Done:
    sync(
        machine,
        machine.package("systemd", "257-1", dict(SYSTEMD), group="base"),
        machine.package("hello", group="base"),
    )
    return machine.pacman("-S", "base")


def group_of_the_second_repository(machine: Machine) -> Done:
    machine.repository("world", dummy(machine, "256-2"))
    machine.repository("extra", machine.package("systemd", "257-1", dict(SYSTEMD), group="base"))
    machine.pacman("-Sy")
    return machine.pacman("-S", "base")


def dependency(machine: Machine) -> Done:
    notice_systemd(machine)
    sync(machine, systemd(machine), machine.package("hello", depend="systemd>=257"))
    return machine.pacman("-S", "hello")


def downgrade(machine: Machine) -> Done:
    notice_systemd(machine)
    sync(machine, systemd(machine, "250-1"))
    return machine.pacman("-Suu")


def sysvcompat(machine: Machine) -> Done:
    files: Files = {"usr/bin/init": "-> ../lib/systemd/systemd"}
    return machine.pacman("-U", machine.package("systemd-sysvcompat", "257-1", files))


def file(machine: Machine) -> Done:
    return machine.pacman("-U", systemd(machine))


def relative_file(machine: Machine) -> Done:
    return machine.pacman("-U", f"./{systemd(machine).name}", cwd=machine.path)


def bare_file_after_options(machine: Machine) -> Done:
    return machine.pacman("-Uvdd", "--overwrite", "*", "--", systemd(machine).name, cwd=machine.path)


def address(machine: Machine) -> Done:
    return machine.pacman("-U", f"file://{systemd(machine)}")


def long_options(machine: Machine) -> Done:
    return machine.pacman("--upgrade", "--nodeps", "--nodeps", systemd(machine))


def database_only(machine: Machine) -> Done:
    return machine.pacman("-U", "--dbonly", "--noscriptlet", systemd(machine))


def piped(machine: Machine) -> Done:
    with subprocess.Popen(["echo", systemd(machine)], stdout=subprocess.PIPE) as echo:
        return machine.pacman("-U", "-", stdin=echo.stdout)


def provider(machine: Machine) -> Done:
    archive = foreign(machine, {"usr/bin/foreign": "x"}, provides="systemd=257", conflict="systemd")
    return machine.pacman("-U", "--ask=4", archive)


def replacement(machine: Machine) -> Done:
    notice_systemd(machine)
    sync(machine, foreign(machine, {"usr/bin/foreign": "x"}, replaces="systemd"))
    return machine.pacman("-Su", "--ask=4")


def spoofed_dummy(machine: Machine) -> Done:
    return machine.pacman("-U", machine.package("elogind", "256-2", {"usr/bin/elogind": "real"}))


def dummy_with_a_script(machine: Machine) -> Done:
    return machine.pacman("-U", machine.package("systemd", "256-2", install="post_upgrade() { :; }\n"))


def other_name(machine: Machine) -> Done:
    return machine.pacman("-U", foreign(machine, dict(SYSTEMD)))


def init(machine: Machine) -> Done:
    return machine.pacman("-U", "--overwrite", "*", foreign(machine, {"usr/bin/init": "x"}))


def init_in_sbin(machine: Machine) -> Done:
    return machine.pacman("-U", "--overwrite", "*", foreign(machine, {"usr/sbin/init": "-> ../lib/foreign"}))


def our_program(machine: Machine) -> Done:
    return machine.pacman("-U", "--overwrite", "*", foreign(machine, {"usr/bin/p7": "x"}))


def our_hook(machine: Machine) -> Done:
    hook: Files = {"usr/share/libalpm/hooks/00-p7-guard.hook": "x"}
    return machine.pacman("-U", "--overwrite", "*", foreign(machine, hook))


def our_name(machine: Machine) -> Done:
    return machine.pacman("-U", machine.package("protocol7-core", "2-1", {"usr/bin/p7": "x"}))


def our_folder(machine: Machine) -> Done:
    return machine.pacman("-U", "--overwrite", "*", foreign(machine, {"etc/lainos/p7.toml": "x"}))


def missing_node(machine: Machine) -> Done:
    nodes = {**NODES, "LIBSYSTEMD_257": ["sd_json_ref"]}
    return machine.pacman("-U", machine.application("new", "sd_json_ref", nodes))


def missing_symbol(machine: Machine) -> Done:
    nodes = {**NODES, "LIBSYSTEMD_246": ["sd_id128_to_path"]}
    return machine.pacman("-U", machine.application("new", "sd_id128_to_path", nodes))


def lost_node(machine: Machine) -> Done:
    return machine.pacman("-U", machine.library({"LIBSYSTEMD_246": ["sd_notify"]}, "255-1"))


def lost_symbol(machine: Machine) -> Done:
    return machine.pacman("-U", machine.library({**NODES, "LIBSYSTEMD_209": ["sd_listen_fds"]}, "255-1"))


def front_end(machine: Machine) -> Path:
    """Another program with libalpm, as far as anybody can tell from outside."""
    return Path(shutil.copy(machine.program("pacman"), machine.path / "front-end"))


def front_end_with_a_file(machine: Machine) -> Done:
    return machine.run(front_end(machine), *machine.flags(), "-U", systemd(machine))


def front_end_with_a_name(machine: Machine) -> Done:
    """Which databases it has, nobody can tell."""
    sync(machine, systemd(machine))
    return machine.run(front_end(machine), *machine.flags(), "-S", "systemd")


def stale_cache(machine: Machine) -> Done:
    """A real systemd downloaded when that was still allowed, and named again after the repository went on."""
    sync(machine, systemd(machine, "255-1"))
    assert machine.pacman("-Sw", "systemd").returncode == 0
    sync(machine, systemd(machine))
    return machine.pacman("-U", machine.root / "var/cache/pacman/pkg/systemd-255-1-any.pkg.tar.zst")


def _two_files_of(machine: Machine, key: str) -> Done:
    """A repository whose database has two file names for hello, the first of what is harmless and was downloaded."""
    sync(machine, machine.package("hello"))
    assert machine.pacman("-Sw", "hello").returncode == 0
    other = machine.package("hello", files=dict(SYSTEMD)).rename(machine.path / "world/other.pkg.tar.zst")
    text = f"%NAME%\nhello\n\n%VERSION%\n1-1\n\n%FILENAME%\nhello-1-1-any.pkg.tar.zst\n\n{key}\n{other.name}\n"
    machine.describe("world", "hello-1-1", text)
    assert machine.pacman("-Syy").returncode == 0
    return machine.pacman("-S", "hello")


def second_file_name(machine: Machine) -> Done:
    return _two_files_of(machine, "%FILENAME%")


def hidden_file_name(machine: Machine) -> Done:
    return _two_files_of(machine, "%FILENAME%\0")


def file_name_far_behind(machine: Machine) -> Done:
    return _two_files_of(machine, "x\n" * 150_000 + "%FILENAME%")


HELD_NAME = "it is called systemd and brings usr/bin/systemctl, as no dummy does"
CANNOT_TELL = "piped to pacman, where nobody else can see them"
Attempt = Callable[[Machine], Done]
ATTEMPTS: dict[Attempt, str] = {
    upgrade_all: HELD_NAME,
    by_name: HELD_NAME,
    by_repository: HELD_NAME,
    second_repository: HELD_NAME,
    included_repository: HELD_NAME,
    other_config: HELD_NAME,
    group: HELD_NAME,
    group_of_the_second_repository: HELD_NAME,
    dependency: HELD_NAME,
    downgrade: HELD_NAME,
    file: HELD_NAME,
    relative_file: HELD_NAME,
    bare_file_after_options: HELD_NAME,
    address: HELD_NAME,
    long_options: HELD_NAME,
    database_only: HELD_NAME,
    piped: CANNOT_TELL,
    front_end_with_a_file: HELD_NAME,
    front_end_with_a_name: "the archive of systemd cannot be found, so nobody can tell what is in it",
    stale_cache: HELD_NAME,
    second_file_name: "it brings usr/bin/systemctl, which is systemd's",
    hidden_file_name: "world.db cannot be read: hello-1-1/desc is no text",
    file_name_far_behind: "world.db cannot be read: hello-1-1/desc is too long to be looked at",
    sysvcompat: "it is called systemd-sysvcompat and brings usr/bin/init, as no dummy does",
    provider: "it provides or replaces systemd and brings usr/bin/foreign, as no dummy does",
    replacement: "it provides or replaces systemd and brings usr/bin/foreign, as no dummy does",
    spoofed_dummy: "it is called elogind and brings usr/bin/elogind, as no dummy does",
    dummy_with_a_script: "it is called systemd and runs a script, as no dummy does",
    other_name: "it brings usr/bin/systemctl, which is systemd's",
    init: "it brings usr/bin/init, and that is no link to openrc-init",
    init_in_sbin: "it brings usr/bin/init, and that is no link to openrc-init",
    our_program: "it brings usr/bin/p7, which is p7's, without usr/bin/audio-init: it is no whole p7",
    our_hook: "it brings usr/share/libalpm/hooks/00-p7-guard.hook, which is p7's, without usr/bin/audio-init",
    our_name: "it brings usr/bin/p7, which is p7's, without usr/bin/audio-init: it is no whole p7",
    our_folder: "it brings etc/lainos/p7.toml, which is p7's, without usr/bin/audio-init",
    missing_node: "usr/bin/new needs node LIBSYSTEMD_257 of libsystemd.so.0, which does not have it",
    missing_symbol: "usr/bin/new needs sd_id128_to_path@LIBSYSTEMD_246 of libsystemd.so.0, which does not have it",
    lost_node: "usr/bin/old needs node LIBSYSTEMD_209 of libsystemd.so.0, which no longer has it",
    lost_symbol: "usr/bin/old needs sd_notify@LIBSYSTEMD_209 of libsystemd.so.0, which no longer has it",
}

# With --dbonly it runs no hook: test_pacman_7.py has what becomes of it. Where names were piped it closes their input.
ATTEMPTS_ON_7 = {attempt: why for attempt, why in ATTEMPTS.items() if attempt != database_only}
ATTEMPTS_ON_7[piped] = "standard input is closed, so nobody can tell what comes"
