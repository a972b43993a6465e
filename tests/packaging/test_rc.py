"""What rc/ installs: that the shell takes it and that its names are ours. tests/boot/ shows that OpenRC does, too."""

from __future__ import annotations

import configparser
import os
import subprocess
import tomllib
from pathlib import Path

import pytest

from p7 import dispatch, proc, session_env
from p7.build import PROJECT
from tests.need import need

RC = Path(PROJECT, "rc")
SCRIPTS = sorted((RC / "etc/init.d").iterdir())
NO_APPLETS = ("lainos-tmpfiles",)
ENTRIES = sorted(RC.glob("usr/share/*sessions/*.desktop"))


def shell(path: Path, command: str, **environment: str) -> str:
    """What a command writes in a shell that has read the file."""
    argv = ["sh", "-euc", f'. "{path}"; {command}']
    env = {"PATH": os.defpath, **environment}
    return subprocess.run(argv, env=env, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_is_openrcs_and_starts_an_applet_of_ours(script: Path) -> None:
    text = script.read_text()
    assert text.startswith("#!/sbin/openrc-run\n")
    assert os.access(script, os.X_OK)
    if script.name not in NO_APPLETS:
        assert f"/usr/bin/{script.name}" in text
        assert script.name in dispatch.LINKS
    subprocess.run(["sh", "-n", script], check=True)


@pytest.mark.parametrize("daemon", ["lainos-notifyd", "lainos-dbus-bridge"])
def test_a_configuration_file_can_set_what_a_script_only_proposes(daemon: str) -> None:
    script, command = RC / "etc/init.d" / daemon, 'echo "$respawn_delay $respawn_max $error_log"'
    assert shell(script, command) == "1 10 /dev/kmsg"
    assert shell(script, command, respawn_max="3", error_log="/x") == "1 3 /x"


@pytest.mark.parametrize(
    ("service", "socket"),
    [("rsyslog", "/run/systemd/notify"), ("bluetoothd", "/run/systemd/notify"), ("openvpn", ""), ("sshd", "")],
)
def test_notify_socket_is_set_for_the_named_services_alone(service: str, socket: str) -> None:
    exported = "sh -c 'echo ${NOTIFY_SOCKET-}'"
    assert shell(RC / "etc/rc.conf.d/p7-notify.conf", exported, RC_SVCNAME=service) == socket


@pytest.mark.parametrize("service", ["iwd", "sshd"])
def test_iwd_alone_looks_for_p7s_main_conf_after_its_own(service: str) -> None:
    exported = shell(RC / "etc/rc.conf.d/p7-iwd.conf", "sh -c 'echo ${CONFIGURATION_DIRECTORY-}'", RC_SVCNAME=service)
    first, _, second = exported.partition(":")
    assert first == ("/etc/iwd" if service == "iwd" else "")
    if second:
        config = configparser.ConfigParser()
        assert config.read(f"{RC}{second}/main.conf")
        assert config["General"]["EnableNetworkConfiguration"] == "true"
        assert config["Network"]["NameResolvingService"] == "resolvconf"


def test_cgroups_are_unified() -> None:
    assert shell(RC / "etc/rc.conf.d/p7.conf", 'echo "$rc_cgroup_mode"') == "unified"


def test_the_system_user_is_the_one_that_the_daemons_become() -> None:
    lines = (RC / "usr/lib/sysusers.d/p7.conf").read_text().splitlines()
    assert [line.split()[:3] for line in lines if not line.startswith("#")] == [["u", proc.SYSTEM_USER, "-"]]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda path: path.name)
def test_a_session_entry_starts_the_program_it_names(entry: Path) -> None:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(entry)
    fields = parser["Desktop Entry"]
    kind = "wayland" if entry.parent.name == "wayland-sessions" else "x11"
    assert kind in session_env.TYPES
    program = {"wayland": "sway", "x11": "openbox-session"}[kind]
    compositor = " P7_COMPOSITOR=sway" if kind == "wayland" else ""
    assert fields["TryExec"] == program
    assert fields["Exec"] == f"env P7_SESSION_TYPE={kind}{compositor} lainos-init"
    assert fields["Type"] == "Application"


def test_there_is_an_entry_for_each_type() -> None:
    assert len(ENTRIES) == len(session_env.TYPES)


def test_the_greetd_example_starts_tuigreet_on_a_terminal() -> None:
    example = tomllib.loads((RC / "usr/share/lainos/greetd.toml").read_text())
    assert example["terminal"]["vt"] == 1
    assert example["default_session"]["command"].startswith("tuigreet ")


@pytest.mark.parametrize("name", ["grub.cfg", "loopback.cfg"])
def test_grub_takes_a_live_mediums_menu(name: str) -> None:
    check = need("grub-script-check", "grub-common")
    done = subprocess.run([check, RC / "usr/share/lainos/live" / name], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(("name", "command"), [("grub.cfg", "linux"), ("isolinux.cfg", "APPEND")])
def test_init_is_the_last_word_of_every_entry(name: str, command: str) -> None:
    lines = [line.split() for line in (RC / "usr/share/lainos/live" / name).read_text().splitlines()]
    entries = [words for words in lines if words[:1] == [command]]
    assert [words[-1] for words in entries] == ["init=/sbin/openrc-init"] * 2


def test_grubs_defaults_keep_what_was_there() -> None:
    command = 'echo "$GRUB_CMDLINE_LINUX_DEFAULT"'
    fragment = RC / "etc/default/grub.d/protocol7.cfg"
    assert shell(fragment, command, GRUB_CMDLINE_LINUX_DEFAULT="quiet") == "quiet init=/sbin/openrc-init"
    assert shell(fragment, command) == "init=/sbin/openrc-init"
