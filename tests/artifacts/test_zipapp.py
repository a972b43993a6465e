"""dist/p7 itself: its bytes, and the Pythons it runs on."""

import glob
import os
import subprocess
import zipfile
from pathlib import Path

import pytest

from p7.build import PROJECT
from p7.dispatch import APPLETS
from tests.artifacts.program import program
from tests.conftest import SYSTEM_PYTHON
from tests.lab.packages import layer
from tests.lab.tree import tree
from tests.need import need, need_root

SIZE_LIMIT = 1_000_000


def interpreter(version):
    """A Python of this version, or the test is skipped: Debian has one version at a time."""
    home = glob.escape(os.path.expanduser("~"))
    patterns = [f"/usr/bin/python{version}", f"{home}/.pyenv/versions/{version}.*/bin/python{version}"]
    found = [path for pattern in patterns for path in glob.glob(pattern)]
    return found[0] if found else pytest.skip(f"this machine has no Python {version}")


def check(command, text):
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert text in done.stdout
    assert done.stderr == ""


def test_the_same_sources_give_the_same_bytes(p7, tmp_path):
    environment = {**os.environ, "P7_DIST": str(tmp_path), "PYTHONHASHSEED": "1", "LC_ALL": "C"}
    subprocess.run([SYSTEM_PYTHON, "build.py"], cwd=PROJECT, env=environment, check=True, umask=0o077)
    assert (tmp_path / "p7").read_bytes() == p7.read_bytes()
    assert (tmp_path / "p7").stat().st_mode == p7.stat().st_mode


def test_it_is_small(p7):
    assert p7.stat().st_size < SIZE_LIMIT


def test_every_source_has_its_bytecode(p7):
    names = set(zipfile.ZipFile(p7).namelist())
    modules = {name for name in names if name.endswith(".py")} - {"__main__.py"}
    tell = program(p7).replace("from p7.dispatch import start;start(a)", "print(*sys.meta_path[0]._table)")
    done = subprocess.run([SYSTEM_PYTHON, "-ISc", tell, p7], check=True, capture_output=True, text=True)
    block = {name.replace(".", "/") for name in done.stdout.split()}
    zipped = {name.removesuffix(".pyc").removesuffix("/__init__") for name in names if name.endswith(".pyc")}
    assert {name.removesuffix(".py").removesuffix("/__init__") for name in modules} == block | zipped
    assert not block & zipped
    assert not any(name.startswith(("p7/build", "tests")) for name in names)
    assert sum("LICENSE" in name for name in names) == 1


def test_the_first_line_is_one_a_kernel_takes(p7):
    line = p7.read_bytes().partition(b"\n")[0]
    assert line.startswith(b"#!/usr/bin/python3 -ISc")
    assert len(line) < 256  # BINPRM_BUF_SIZE


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_it_runs_on(p7, version):
    command = [interpreter(version), "-ISc", program(p7), p7]
    check([*command, "--list"], "lainos-init")
    for name in APPLETS:
        check([*command, name, "--help"], f"Usage: {name}")
    names = [name for name in zipfile.ZipFile(p7).namelist() if name.endswith(".py") and "__main__" not in name]
    modules = [name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in names]
    late = "import os;os.chdir('/');[__import__(name) for name in a[1:]];print('done')"
    every = program(p7).replace("from p7.dispatch import start;start(a)", late)
    check([command[0], "-ISc", every, p7, *modules], "done")


@pytest.mark.parametrize("form", ["zipapp", "static"])
def test_it_runs_in_trixie(build, form):
    need_root("it enters the tree")
    need("mmdebstrap", "mmdebstrap")
    artifact, folder = build(form), tree()
    script = 'mount --bind "$1" "$2/mnt"; chroot "$2" "/mnt/$3" "$4" --help'
    for name in APPLETS:
        arguments = [str(artifact.parent), str(folder), artifact.name, name]
        check(["unshare", "--mount", "sh", "-ec", script, "sh", *arguments], f"Usage: {name}")


def test_it_runs_on_the_newest(p7):
    """3.14 is in sid alone so far: its packages are put over trixie's tree."""
    need_root("it enters the tree")
    need("mmdebstrap", "mmdebstrap")
    newest = layer("python3.14-minimal", "libpython3.14-stdlib", suite="sid")
    python = [*over_trixie(newest, p7), "/usr/bin/python3.14", "-ISc", program(p7), f"/mnt/{p7.name}"]
    check([*python, "--list"], "lainos-init")
    for name in APPLETS:
        check([*python, name, "--help"], f"Usage: {name}")


def test_the_static_form_runs_with_sid_s_libraries(build):
    need_root("it enters the tree")
    need("mmdebstrap", "mmdebstrap")
    static = build("static")
    enter = over_trixie(layer("libc6", suite="sid"), static)
    check([*enter, "/mnt/p7-static", "--list"], "lainos-init")
    for name in APPLETS:
        check([*enter, "/mnt/p7-static", name, "--help"], f"Usage: {name}")


def over_trixie(newest, artifact):
    """What runs a command in trixie's tree with other packages over it; the artifact's folder is /mnt there."""
    script = (
        'mount -t overlay -o "lowerdir=$1:$2" overlay /mnt; mount --bind "$3" /mnt/mnt; shift 3; exec chroot /mnt "$@"'
    )
    return ["unshare", "--mount", "sh", "-ec", script, "sh", newest, tree(), artifact.parent]


def test_a_relative_path_with_spaces_survives_a_chdir(p7, tmp_path):
    folder = tmp_path / "a folder"
    folder.mkdir()
    (folder / "p7").symlink_to(p7)
    late = program(p7).replace("from p7.dispatch", "os.chdir('/');from p7.dispatch")
    check(["/bin/sh", "-ec", 'cd "$1"; "a folder/p7" --list', "sh", tmp_path], "lainos-init")
    done = subprocess.run(
        [SYSTEM_PYTHON, "-ISc", late, "a folder/p7", "--list"], cwd=tmp_path, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_python_can_be_given_the_file(p7):
    check([SYSTEM_PYTHON, p7, "--list"], "lainos-init")


def test_the_environment_cannot_steer_it(p7, tmp_path):
    (tmp_path / "os.py").write_text("raise SystemExit('steered')")
    (tmp_path / "click.py").write_text("raise SystemExit('steered')")
    variables = {"PYTHONPATH": tmp_path, "PYTHONHOME": "/nonexistent", "PYTHONSTARTUP": tmp_path / "os.py"}
    variables |= {"_P7_COMPLETE": "bash_source", "PYTHONINSPECT": "1"}
    done = subprocess.run(
        [Path(p7), "--list"], env=variables, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=20
    )
    assert (done.returncode, done.stderr) == (0, "")
