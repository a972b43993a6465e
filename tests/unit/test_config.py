"""p7.toml: what is wrong is named with its line, and the defaults stand in."""

import re
import subprocess
import sys

import pytest

from p7 import config
from p7.build import PROJECT
from p7.root import Root

PROFILES = '"desktop", "contract"'
HOW = '"auto", "noop", "off", ["/path", "arg"]'
COMMAND = "a command is a list of words, an absolute path first"
NONE = "no such key, so it is ignored"
DELAY = "power.inhibit_delay_sec: must be"


def test_no_file_means_the_defaults(tmp_path):
    settings = config.load(Root(str(tmp_path)))
    assert settings.values == config.defaults()
    assert settings.errors == 0


def test_single_keys_override_the_profile():
    settings = config.parse('profile = "contract"\n[power]\nsuspend = "auto"\n')
    assert settings["ghosts.booted"] is True
    assert settings["power.hibernate"] == "off"
    assert settings["power.suspend"] == "auto"
    assert settings.errors == 0


def test_a_command_is_a_list():
    settings = config.parse('[power]\nsuspend = ["/usr/bin/zzz", "-f"]\n')
    assert settings["power.suspend"] == ["/usr/bin/zzz", "-f"]


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ('profile = "dekstop"', 1, f"profile: must be one of {PROFILES}, not 'dekstop'; its default applies"),
        ("\n[ghosts]\nbooted = 1", 3, "ghosts.booted: must be true or false, not 1; its default applies"),
        ("[ghosts]\n\nboted = true", 3, f"ghosts.boted: {NONE}; did you mean 'ghosts.booted'?"),
        ("[session]\nbooted = true\n[ghosts]\n", 2, f"session.booted: {NONE}"),
        ("[session]\nkill = false\n[ghosts] # kill\nkill = 3", 4, f"ghosts.kill: {NONE}"),
        ("\n[power]\nhalt.x = 1", 3, f"power.halt.x: {NONE}; did you mean 'power.halt'?"),
        ('suspend = "noop"', 1, f"suspend: {NONE}; did you mean 'power.suspend'?"),
        ("\npower = { halt = 1 }", 2, f"power.halt: must be one of {HOW}, not 1; its default applies"),
        ("[power]\nsuspend = []", 2, f"power.suspend: {COMMAND}, not []; its default applies"),
        ('[power]\nsuspend = ["zzz"]', 2, f"power.suspend: {COMMAND}, not ['zzz']; its default applies"),
        ("[power]\ninhibit_delay_sec = -1", 2, f"{DELAY} from 0 to 3600, not -1; its default applies"),
        ("[power]\ninhibit_delay_sec = 3601", 2, f"{DELAY} from 0 to 3600, not 3601; its default applies"),
        ("[power]\ninhibit_delay_sec = true", 2, f"{DELAY} a whole number, not true; its default applies"),
        ("ghosts.booted = 'yes'", 1, "ghosts.booted: must be true or false, not 'yes'; its default applies"),
    ],
)
def test_a_wrong_key_is_named_with_its_line(capfd, text, line, reason):
    settings = config.parse(text)
    assert settings.errors == 1
    assert settings.values == config.defaults()
    assert f"/etc/lainos/p7.toml:{line}: {reason}\n" in capfd.readouterr().err


def test_one_wrong_key_leaves_the_others_in_force():
    settings = config.parse("[ghosts]\nbooted = true\nfoo = 1\n")
    assert settings["ghosts.booted"] is True
    assert settings.errors == 1


@pytest.mark.parametrize("text", ["a = ", "[ghosts\nbooted = true", "a = 1\na = 2", "\x00"])
def test_text_that_is_no_toml_gives_its_line_and_the_defaults(capfd, text):
    settings = config.parse(text)
    assert (settings.values, settings.errors) == (config.defaults(), 1)
    assert re.search(r"p7.toml: .+ \(at (line \d|end of document)", capfd.readouterr().err)


def test_a_file_that_is_no_utf8(tmp_path, capfd):
    (tmp_path / "etc/lainos").mkdir(parents=True)
    (tmp_path / "etc/lainos/p7.toml").write_bytes(b'profile = "\xff"')
    settings = config.load(Root(str(tmp_path)))
    assert (settings.values, settings.errors) == (config.defaults(), 1)
    assert "p7.toml" in capfd.readouterr().err


def test_a_folder_in_its_place(tmp_path, capfd):
    (tmp_path / "etc/lainos/p7.toml").mkdir(parents=True)
    assert config.load(Root(str(tmp_path))).errors == 1
    assert "Is a directory" in capfd.readouterr().err


def test_every_default_passes_its_own_check():
    for key in config.KEYS:
        assert key.problem(key.default) == ""
        assert key.problem(key.contract) == ""


def test_the_example_sets_nothing_and_costs_no_parser():
    code = "import sys; from p7 import config; from p7.build import example; c = config.parse(example.p7_toml())"
    code += "; assert c.values == config.defaults() and not c.errors; assert 'tomllib' not in sys.modules"
    code += "; assert config.parse('[power]\\nhalt = \"noop\"\\n')['power.halt'] == 'noop'"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=PROJECT)
