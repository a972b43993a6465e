"""build.py install and uninstall, run as a packager runs them."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from p7 import dispatch
from p7.build import PROJECT, licences
from tests.conftest import FORMS

Run = Callable[..., subprocess.CompletedProcess[str]]

OWNED = {
    "usr/bin/p7": 0o755,
    "etc/default/grub.d/protocol7.cfg": 0o644,
    "etc/init.d/cgroup-delegate": 0o755,
    "etc/init.d/lainos-dbus-bridge": 0o755,
    "etc/init.d/lainos-ghost-units": 0o755,
    "etc/init.d/lainos-net-init": 0o755,
    "etc/init.d/lainos-notifyd": 0o755,
    "etc/lainos/finalize.toml": 0o644,
    "etc/lainos/p7.toml": 0o644,
    "etc/rc.conf.d/p7-iwd.conf": 0o644,
    "etc/rc.conf.d/p7-notify.conf": 0o644,
    "etc/rc.conf.d/p7.conf": 0o644,
    "usr/lib/dracut/dracut.conf.d/50-protocol7.conf": 0o644,
    "usr/lib/dracut/modules.d/98protocol7/hand-over.sh": 0o755,
    "usr/lib/dracut/modules.d/98protocol7/module-setup.sh": 0o755,
    "usr/lib/dracut/modules.d/98protocol7/power.sh": 0o755,
    "usr/lib/dracut/modules.d/98protocol7-live/module-setup.sh": 0o755,
    "etc/sway/config.d/50-p7-audio.conf": 0o644,
    "etc/xdg/autostart/lainos-audio-init.desktop": 0o644,
    "usr/lib/lainos/iwd/main.conf": 0o644,
    "usr/lib/sysusers.d/p7.conf": 0o644,
    "usr/lib/udev/rules.d/81-p7-net.rules": 0o644,
    "usr/share/dbus-1/system.d/org.freedesktop.login1.conf": 0o644,
    "usr/share/doc/p7/README.md": 0o644,
    "usr/share/doc/p7/docs/deviations.md": 0o644,
    "usr/share/doc/p7/greetd.toml": 0o644,
    "usr/share/lainos/greetd.toml": 0o644,
    "usr/share/libalpm/hooks/60-p7-dracut-remove.hook": 0o644,
    "usr/share/libalpm/hooks/90-p7-dracut.hook": 0o644,
    "usr/share/libalpm/scripts/p7-dracut": 0o755,
    "usr/share/licenses/p7/LICENSE": 0o644,
    "usr/share/licenses/p7/LICENSE.click": 0o644,
    "usr/share/man/man1/lainos-init.1.gz": 0o644,
    "usr/share/man/man1/p7.1.gz": 0o644,
    "usr/share/man/man5/p7.toml.5.gz": 0o644,
    "usr/share/man/man8/lainos-notifyd.8.gz": 0o644,
    "usr/share/wayland-sessions/lainos-sway.desktop": 0o644,
    "usr/share/xsessions/lainos-openbox.desktop": 0o644,
}


@pytest.fixture
def run(p7: Path) -> Run:
    """Runs build.py with the artifact that the other tests run, and returns the finished process."""

    def run(*args: str, **options: int) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, "P7_DIST": str(p7.parent)}
        command = [sys.executable, "build.py", *args]
        return subprocess.run(command, cwd=PROJECT, env=env, capture_output=True, text=True, check=False, **options)

    return run


def install(run: Run, folder: Path) -> None:
    done = run("install", "--destdir", str(folder))
    assert done.returncode == 0, done.stderr


def listing(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Path below the folder to mode and content, a link's being its target."""
    found = {}
    for path in folder.rglob("*"):
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode):
            data = os.readlink(path).encode()
        else:
            data = path.read_bytes() if path.is_file() else b""
        found[str(path.relative_to(folder))] = (status.st_mode, data)
    return found


def test_everything_is_there_with_its_mode_under_any_umask(run: Run, tmp_path: Path) -> None:
    done = run("install", "--destdir", str(tmp_path / "image"), umask=0o077)
    assert done.returncode == 0, done.stderr
    found = listing(tmp_path / "image")
    files = {path: stat.S_IMODE(mode) for path, (mode, _) in found.items() if stat.S_ISREG(mode)}
    assert {path: files.get(path) for path in OWNED} == OWNED
    assert set(files.values()) == {0o644, 0o755}
    assert {stat.S_IMODE(mode) for mode, _ in found.values() if stat.S_ISDIR(mode)} == {0o755}


def test_every_component_is_a_link_to_the_program(run: Run, tmp_path: Path, p7: Path) -> None:
    install(run, tmp_path)
    links = {path.name: os.readlink(path) for path in (tmp_path / "usr/bin").iterdir() if path.is_symlink()}
    assert links == dict.fromkeys(dispatch.LINKS, "p7")
    assert (tmp_path / "usr/bin/p7").read_bytes() == p7.read_bytes()
    done = subprocess.run([tmp_path / "usr/bin/cgroup-delegate", "--version"], capture_output=True, check=True)
    assert done.stdout.startswith(b"cgroup-delegate (p7)")


def test_uninstall_leaves_nothing(run: Run, tmp_path: Path) -> None:
    install(run, tmp_path)
    done = run("uninstall", "--destdir", str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(rf"[0-9]+ files and links are gone from {tmp_path}\n", done.stdout)
    assert listing(tmp_path) == {}


def test_uninstall_where_nothing_is_does_nothing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "usr/lib/other").mkdir(parents=True)
    policy = tmp_path / "usr/share/dbus-1/system.d/org.freedesktop.login1.conf"
    policy.parent.mkdir(parents=True)
    policy.write_text("elogind's")
    before = listing(tmp_path)
    done = run("uninstall", "--destdir", str(tmp_path))
    assert (done.returncode, done.stdout) == (0, f"p7 is not installed below {tmp_path}\n")
    assert listing(tmp_path) == before


def test_installing_again_changes_nothing(run: Run, tmp_path: Path) -> None:
    install(run, tmp_path)
    before = listing(tmp_path)
    install(run, tmp_path)
    assert listing(tmp_path) == before


def test_what_is_foreign_survives(run: Run, tmp_path: Path) -> None:
    for name in ("etc/init.d/sshd", "usr/bin/other", "usr/share/doc/p7/notes", "etc/lainos/other.conf"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("foreign")
    before = listing(tmp_path)
    install(run, tmp_path)
    assert run("uninstall", "--destdir", str(tmp_path)).returncode == 0
    assert listing(tmp_path) == before


def test_a_changed_config_file_is_the_administrators(run: Run, tmp_path: Path) -> None:
    install(run, tmp_path)
    config = tmp_path / "etc/lainos/p7.toml"
    ours = config.read_text()
    config.write_text('profile = "contract"\n')
    install(run, tmp_path)
    assert config.read_text() == 'profile = "contract"\n'
    assert config.with_name("p7.toml.new").read_text() == ours
    done = run("uninstall", "--destdir", str(tmp_path))
    assert done.returncode == 0
    assert done.stdout.startswith(f"{config}: changed, so it stays\n")
    assert [path for path in listing(tmp_path) if (tmp_path / path).is_file()] == ["etc/lainos/p7.toml"]


def put_script(path: Path) -> None:
    path.write_text("somebody else's\n")


def put_link(path: Path) -> None:
    path.symlink_to("/bin/true")


FOREIGN = pytest.mark.parametrize(
    ("name", "put"), [("usr/bin/net-init", put_script), ("usr/bin/net-init", put_link), ("usr/bin/p7", put_script)]
)


@FOREIGN
def test_a_program_of_one_of_our_names_is_not_taken_away(
    run: Run, tmp_path: Path, name: str, put: Callable[[Path], None]
) -> None:
    install(run, tmp_path)
    program = tmp_path / name
    program.unlink()
    put(program)
    before = listing(tmp_path)[name]
    assert run("uninstall", "--destdir", str(tmp_path)).returncode == 0
    left = listing(tmp_path)
    assert set(left) == {"usr", "usr/bin", name}
    assert left[name] == before


@FOREIGN
@pytest.mark.parametrize("is_installed", [False, True])
def test_a_program_of_one_of_our_names_stops_an_install(
    run: Run, tmp_path: Path, name: str, put: Callable[[Path], None], is_installed: bool
) -> None:
    program = tmp_path / name
    program.parent.mkdir(parents=True)
    if is_installed:
        install(run, tmp_path)
        program.unlink()
    put(program)
    before = listing(tmp_path)
    done = run("install", "--destdir", str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith(f"build.py install: {program}: is there and is not p7's\n")
    assert listing(tmp_path) == before


@pytest.mark.parametrize("form", FORMS)
def test_p7_in_any_form_is_replaced(
    run: Run, tmp_path: Path, form: str, build: Callable[[str], Path], p7: Path
) -> None:
    program = tmp_path / "usr/bin/p7"
    program.parent.mkdir(parents=True)
    shutil.copy(build(form), program)
    install(run, tmp_path)
    assert program.read_bytes() == p7.read_bytes()


def test_another_login1s_policy_stops_an_install_and_an_older_one_of_ours_does_not(run: Run, tmp_path: Path) -> None:
    policy = tmp_path / "usr/share/dbus-1/system.d/org.freedesktop.login1.conf"
    policy.parent.mkdir(parents=True)
    policy.write_text("elogind's")
    done = run("install", "--destdir", str(tmp_path))
    assert (done.returncode, policy.read_text()) == (1, "elogind's")
    assert done.stderr.startswith(f"build.py install: {policy}: is there and is not p7's\n")
    policy.unlink()
    install(run, tmp_path)
    policy.write_text("an earlier p7's")
    install(run, tmp_path)
    assert "lainos" in policy.read_text()


@pytest.mark.parametrize("verb", ["install", "uninstall"])
def test_destdir_must_be_given(run: Run, verb: str) -> None:
    for args in ([verb], [verb, "--destdir", ""]):
        done = run(*args)
        assert done.returncode == 2
        assert "--destdir" in done.stderr


def test_a_folder_that_cannot_be_written_is_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "usr").write_text("a file where a folder belongs")
    done = run("install", "--destdir", str(tmp_path))
    assert done.returncode == 1
    assert done.stderr == f"build.py install: {tmp_path}/usr: File exists\n"


def test_a_folder_in_place_of_a_file_is_named_and_nothing_is_made(run: Run, tmp_path: Path) -> None:
    (tmp_path / "usr/bin/p7").mkdir(parents=True)
    done = run("install", "--destdir", str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith(f"build.py install: {tmp_path}/usr/bin/p7: is there and is not p7's\n")
    assert set(listing(tmp_path)) == {"usr", "usr/bin", "usr/bin/p7"}


def test_one_form_is_installed(run: Run, tmp_path: Path) -> None:
    done = run("install", "--destdir", str(tmp_path), "--static", "--frozen")
    assert (done.returncode, done.stdout) == (2, "")
    assert "not allowed with" in done.stderr
    assert listing(tmp_path) == {}


def test_the_static_form_installs_as_the_same_program(run: Run, tmp_path: Path, build: Callable[[str], Path]) -> None:
    static = build("static")
    done = run("install", "--destdir", str(tmp_path), "--static")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "usr/bin/p7").read_bytes() == static.read_bytes()
    licences = {path.name for path in (tmp_path / "usr/share/licenses/p7").iterdir()}
    assert licences == {"LICENSE", *(f"LICENSE.{name}" for name in ("click", "python", "zlib"))}
    assert run("uninstall", "--destdir", str(tmp_path)).returncode == 0
    assert listing(tmp_path) == {}


def test_what_pyinstaller_adds_comes_with_its_licence(build: Callable[[str], Path]) -> None:
    build("frozen")
    texts = {name: licences.text(name) for name in licences.INSIDE["frozen"]}
    words = {"python": b"PSF", "zlib": b"Gailly", "expat": b"Thai", "libffi": b"Green", "pyinstaller": b"Exception"}
    assert {name: word in texts[name] for name, word in words.items()} == dict.fromkeys(texts, True)


def test_every_link_in_an_installed_document_leads_somewhere(run: Run, tmp_path: Path) -> None:
    install(run, tmp_path)
    folder = tmp_path / "usr/share/doc/p7"
    for document in folder.rglob("*.md"):
        for target in re.findall(r"\]\(([^)#]+)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name}: {target}"
