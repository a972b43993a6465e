"""What the guard lets through, and the ways round it that there are: docs/seal.md names them."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.need import need
from tests.seal.attempts import HELD_NAME, systemd
from tests.seal.conftest import PACMANS
from tests.seal.disguises import serving
from tests.seal.machine import NODES, PACMAN, SYSTEMD, Files, Machine, core, dummy

on_both = pytest.mark.parametrize("machine", PACMANS, indirect=True)

_PKGBUILD = """\
pkgname=systemd
pkgver=258
pkgrel=1
arch=(any)
provides=(systemd-tools=258)
package() {
    install -Dm644 /dev/null "$pkgdir/usr/share/licenses/systemd/LICENSE"
}
"""
NEWER = {**NODES, "LIBSYSTEMD_257": ["sd_json_ref"]}


def accept(machine: Machine, *arguments: object) -> str:
    done = machine.pacman(*arguments)
    assert done.returncode == 0, done.stdout
    assert "stopped:" not in done.stdout
    return done.stdout


@on_both
def test_an_application_comes_with_the_library_that_it_needs(machine: Machine) -> None:
    application, library = machine.application("new", "sd_json_ref", NEWER), machine.library(NEWER, "257-1")
    accept(machine, "-U", application, library)
    assert machine.installed().items() >= {"new": "1-1", "systemd-libs": "257-1"}.items()
    program = ["/usr/lib/ld-linux-x86-64.so.2", "/usr/bin/new"]
    assert machine.run("chroot", machine.root, *program).returncode == 0


@on_both
def test_an_application_that_no_longer_needs_a_symbol_comes_with_the_library_that_lost_it(machine: Machine) -> None:
    nodes = {**NODES, "LIBSYSTEMD_209": ["sd_listen_fds"]}
    accept(machine, "-U", machine.application("old", "sd_listen_fds", nodes), machine.library(nodes, "255-1"))


@on_both
def test_a_p7_for_the_next_libarchive_comes_as_the_guard_says(machine: Machine, made: Machine) -> None:
    """p7's package depends on the libarchive that it loads; so this takes force, or a package made by somebody else."""
    library = machine.root / "usr/lib/libarchive.so.13"
    library.rename(library.with_name("libarchive.so.14"))
    machine.repository("world", core(machine, made.path, "2-1"), machine.package("hello"))
    machine.pacman("-Sy")
    said = machine.pacman("-S", "hello").stdout
    assert "why: p7 cannot look into it: libarchive.so.13: cannot open shared object file" in said
    advice = (
        "what you can do: let p7 in and bring one that fits with pacman -S protocol7-core; if you mean it, as root: "
    )
    command = said.partition(advice)[2].partition("\n")[0]
    assert machine.run("chroot", machine.root, "/usr/bin/sh", "-ec", command).returncode == 0
    accept(machine, "-S", "protocol7-core")
    assert machine.installed()["protocol7-core"] == "2-1"


def test_the_values_of_options_are_no_archives(machine: Machine) -> None:
    accept(machine, "-U", "--overwrite", machine.config, "--ignore=x", "--color", "never", machine.package("hello"))


def test_a_file_of_the_system_that_sysroot_names(machine: Machine) -> None:
    """pacman is in a chroot of its own then."""
    (machine.root / "etc").mkdir(exist_ok=True)
    (machine.root / "etc/pacman.conf").write_text("[options]\nArchitecture = x86_64\nSigLevel = Never\n")
    archive = machine.package("hello").rename(machine.root / "hello.pkg.tar.zst")
    command = [need("pacman", PACMAN), "--noconfirm", "--sysroot", machine.root, "-U"]
    done = machine.run(*command, f"/{archive.name}")
    assert (done.returncode, machine.installed()["hello"]) == (0, "1-1"), done.stdout
    archive = systemd(machine).rename(machine.root / "systemd.pkg.tar.zst")
    assert HELD_NAME in machine.run(*command, f"/{archive.name}").stdout


@on_both
def test_p7_updates_itself(machine: Machine, made: Machine) -> None:
    accept(machine, "-U", core(machine, made.path, "2-1"))
    assert machine.installed()["protocol7-core"] == "2-1"


@on_both
def test_dummies_are_installed_again_and_updated(machine: Machine) -> None:
    accept(machine, "-U", dummy(machine))
    machine.repository("world", dummy(machine, "257-1"))
    accept(machine, "-Sy", "systemd")
    assert machine.installed()["systemd"] == "257-1"


def test_a_dummy_as_makepkg_makes_it(machine: Machine) -> None:
    """With .BUILDINFO, .MTREE and options that this file's packages do not have."""
    makepkg = need("makepkg", "makepkg fakeroot")
    with tempfile.TemporaryDirectory() as name:  # makepkg does not run as root, whose pytest's folders are
        folder = Path(name)
        (folder / "PKGBUILD").write_text(_PKGBUILD)
        shutil.chown(folder, "nobody")
        variables = [f"{key}={folder}" for key in ("HOME", "PKGDEST", "BUILDDIR", "SRCDEST")]
        command = ["runuser", "-u", "nobody", "--", "env", *variables, "PKGEXT=.pkg.tar.zst", makepkg, "-d", "-f"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        accept(machine, "-U", folder / "systemd-258-1-any.pkg.tar.zst")
    assert machine.installed()["systemd"] == "258-1"


def test_a_download_that_a_server_led_elsewhere(machine: Machine) -> None:
    """pacman 7 does not find it itself, where the address does not end with its name."""
    with serving(machine.package("hello")) as address:
        accept(machine, "-U", f"{address}/from/hello-1-1-any.pkg.tar.zst/download")
    assert machine.installed()["hello"] == "1-1"


def test_in_a_pid_namespace_without_a_proc_of_its_own(machine: Machine) -> None:
    command = ["unshare", "--pid", "--fork", need("pacman", PACMAN), *machine.flags()]
    done = machine.run(*command, "-U", machine.package("hello"))
    assert (done.returncode, machine.installed()["hello"]) == (0, "1-1"), done.stdout
    assert HELD_NAME in machine.run(*command, "-U", systemd(machine)).stdout


@on_both
def test_a_cache_behind_an_absolute_link_of_the_machine_that_pacman_runs_on(machine: Machine) -> None:
    (machine.path / "cache").mkdir()
    link = machine.path / "link"
    link.symlink_to(machine.path / "cache")
    machine.repository("world", machine.package("hello"))
    accept(machine, "-Sy", f"--cachedir={link}", "hello")


def test_the_distributions_init_is_openrcs(machine: Machine) -> None:
    accept(machine, "-U", machine.package("openrc", files={"usr/bin/init": "-> openrc-init"}))


def test_five_hundred_ordinary_packages(machine: Machine) -> None:
    packages = [machine.package(f"ordinary{i}", files={f"usr/share/ordinary/{i}": "x"}) for i in range(500)]
    accept(machine, "-U", *packages)
    assert sum(name.startswith("ordinary") for name in machine.installed()) == 500


@on_both
def test_what_is_only_downloaded_is_no_business_of_the_guards(machine: Machine) -> None:
    machine.repository("world", machine.package("systemd", "257-1", dict(SYSTEMD)))
    machine.pacman("-Sy")
    accept(machine, "-Sw", "systemd")


@on_both
def test_an_administrator_who_means_it_gets_it_and_the_log_has_it(machine: Machine) -> None:
    (machine.root / "run/lainos/unsealed").write_text("systemd\n")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind(str(machine.root / "dev/log"))
        log.settimeout(5)
        output = accept(machine, "-U", machine.package("systemd", "257-1", dict(SYSTEMD)))
        message = log.recv(1000).decode()
    assert message.endswith("/run/lainos/unsealed lets systemd in")
    assert "seal-guard: /run/lainos/unsealed lets systemd in" in output
    assert "lets systemd in" in (machine.root / "var/log/pacman.log").read_text()
    accept(machine, "-Rdd", "systemd")
    assert "systemd" not in machine.installed()


def test_the_command_that_the_guard_gives_works_where_run_is_bare(machine: Machine) -> None:
    """As in a chroot to mend a system from."""
    (machine.root / "run/lainos").rmdir()
    archive = machine.package("systemd", "257-1", dict(SYSTEMD))
    said = machine.pacman("-U", archive).stdout
    command = said.partition("if you mean it, as root: ")[2].partition("\n")[0]
    assert machine.run("chroot", machine.root, "/usr/bin/sh", "-ec", command).returncode == 0
    accept(machine, "-U", archive)


def test_the_exception_is_for_the_names_in_it_and_must_be_roots_own(machine: Machine) -> None:
    exception = machine.root / "run/lainos/unsealed"
    exception.write_text("elogind\n")
    archive = machine.package("systemd", "257-1", dict(SYSTEMD))
    assert "why: it is called systemd" in machine.pacman("-U", archive).stdout
    exception.write_text("systemd\n")
    exception.chmod(0o666)
    assert "is not a file of root's that only root can write" in machine.pacman("-U", archive).stdout


def test_out_of_reach_a_scriptlet_is_root(machine: Machine) -> None:
    """The guard reads what pacman would unpack, not what a script would do."""
    script = "post_install() { mkdir -p /usr/lib/systemd; echo real > /usr/lib/systemd/systemd; }\n"
    files: Files = {"usr/share/foreign/x": "x"}
    accept(machine, "-U", machine.package("foreign", files=files, install=script))
    assert (machine.root / "usr/lib/systemd/systemd").read_text() == "real\n"


@on_both
def test_out_of_reach_a_masked_hook_does_not_run(machine: Machine) -> None:
    folder = machine.root / "etc/pacman.d/hooks"
    folder.mkdir(parents=True)
    (folder / "00-p7-guard.hook").symlink_to("/dev/null")
    text = machine.config.read_text().replace("[options]", f"[options]\nHookDir = {folder}")
    machine.config.write_text(text)
    accept(machine, "-U", machine.package("systemd", "257-1", dict(SYSTEMD)))


def test_out_of_reach_root_unpacks_by_hand(machine: Machine) -> None:
    archive = machine.package("foreign", files=dict(SYSTEMD))
    subprocess.run(["bsdtar", "-xf", archive, "-C", machine.root], check=True)
    assert (machine.root / "usr/bin/systemctl").exists()
