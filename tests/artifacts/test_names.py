"""Every form under every name: links, p7 NAME, the list, help, and the exit statuses of p7/dispatch.py."""

import shutil
import subprocess

import pytest

from p7.build import version
from p7.dispatch import ALIASES, APPLETS, LINKS, TOOLS
from tests.need import need_root

NOBODY = 65534
VERSION = version.current()


def run(*command, **keywords):
    keywords = {"stdin": subprocess.DEVNULL, "timeout": 20, **keywords}
    return subprocess.run(command, check=False, capture_output=True, text=True, **keywords)


@pytest.fixture(params=["hard", "symbolic"])
def links(artifact, tmp_path, request):
    """A folder that p7 --install filled."""
    if request.param == "hard":
        shutil.copy2(artifact, tmp_path / "p7")
        done = run(tmp_path / "p7", "--install", tmp_path)
    else:
        done = run(artifact, "--install", "-s", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    return tmp_path


def test_install_links_every_name_and_again_changes_nothing(links):
    before = {link.name: link.lstat().st_ino for link in links.iterdir()}
    assert before.keys() - {"p7"} == set(LINKS)
    link = links / "net-init"
    command = ["--install", "-s"] if link.is_symlink() else ["--install"]
    assert run(links / "p7" if (links / "p7").exists() else link.resolve(), *command, links).returncode == 0
    assert {link.name: link.lstat().st_ino for link in links.iterdir()} == before


def test_install_leaves_what_is_in_the_way(artifact, tmp_path):
    (tmp_path / "net-init").write_text("foreign")
    done = run(artifact, "--install", "-s", tmp_path)
    assert (done.returncode, done.stderr) == (1, f"p7: {tmp_path}/net-init: File exists\n")
    assert (tmp_path / "net-init").read_text() == "foreign"
    assert {link.name for link in tmp_path.iterdir()} == set(LINKS)


def test_a_link_is_the_applet_it_is_named_after(links):
    for name in LINKS:
        done = run(links / name, "--version")
        assert (done.returncode, done.stdout) == (0, f"{name} (p7) {VERSION}\n"), done.stderr


def test_p7_runs_an_applet_by_name(artifact):
    for name in LINKS:
        done = run(artifact, name, "--version")
        assert (done.returncode, done.stdout) == (0, f"{name} (p7) {VERSION}\n"), done.stderr


@pytest.mark.parametrize("arguments", [[], ["--list"]])
def test_the_list_has_every_applet_with_a_summary(artifact, arguments):
    done = run(artifact, *arguments)
    names, summaries = zip(*(line.split(maxsplit=1) for line in done.stdout.splitlines()), strict=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert set(names) == {*APPLETS, *TOOLS}
    assert all(summary[0].isupper() and not summary.endswith(".") for summary in summaries)


def test_help_tells_of_every_applet_and_its_options(artifact):
    for name in APPLETS:
        done = run(artifact, name, "--help")
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(f"Usage: {name} [OPTIONS]\n")
        assert all(option in done.stdout for option in ("--root DIR", "--version", "--help"))


def test_the_version_names_the_program_once(artifact):
    assert run(artifact, "--version").stdout == f"p7 {VERSION}\n"
    assert run(artifact, "seal-conf", "--version").stdout == f"p7 seal-conf {VERSION}\n"


def test_hard_links_take_no_symlinks_for_their_own(artifact, tmp_path):
    program = tmp_path / "p7"
    shutil.copy(artifact, program)
    (tmp_path / "net-init").symlink_to(program)
    done = run(program, "--install", tmp_path)
    assert (done.returncode, done.stderr) == (1, f"p7: {tmp_path}/net-init: File exists\n")


def test_usage_errors_are_2(artifact):
    for name in LINKS:
        for arguments in (["--nonesuch"], ["surplus"], ["--root"], ["--root", "/nonexistent"]):
            done = run(artifact, name, *arguments)
            assert (done.returncode, done.stdout) == (2, ""), (name, arguments)
            assert "Error: " in done.stderr
    assert run(artifact, "--install").returncode == 2


def test_an_unknown_applet_is_127_with_the_list(artifact, tmp_path):
    link = tmp_path / "nonesuch"
    link.symlink_to(artifact)
    for command, name in (
        ([artifact, "nonesuch"], "p7"),
        ([link], link.name),
        ([link, "net-init"], link.name),
    ):
        done = run(*command)
        assert done.returncode == 127
        names = " ".join((*LINKS, *TOOLS))
        assert done.stderr == f"{name}: no applet named 'nonesuch'; there are: {names}\n"


def test_for_a_misspelt_applet_the_nearest_is_named(artifact):
    for name, near in (("lainos-ini", "lainos-init"), ("seal-verfy", "seal-verify"), ("audio_init", "audio-init")):
        done = run(artifact, name)
        assert (done.returncode, done.stderr) == (127, f"p7: no applet named {name!r}; did you mean {near!r}?\n")


def test_the_wrong_privilege_is_77(artifact):
    need_root("it runs applets as another user")
    users = {"lainos-init": 0, "lainos-audio-init": 0}
    for name in LINKS:
        uid = users.get(ALIASES.get(name, name), NOBODY)
        done = run(artifact, name, user=uid, group=uid, extra_groups=[])
        assert (done.returncode, done.stderr.count("\n")) == (77, 1), done.stderr
        assert done.stderr.startswith(f"{name}: must ")


def test_output_that_cannot_be_written_is_an_error(artifact):
    with open("/dev/full", "w") as full:
        done = subprocess.run([artifact, "--list"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "p7: writing the output: No space left on device\n")
