"""lainos-net-init, the artifact, in a network namespace: real sysctls and interfaces."""

import pytest

from tests.chain.net import INTERFACES, Net
from tests.lab.private import LAIN

SETTINGS = {
    "rp_filter": "1",
    "log_martians": "1",
    "accept_redirects": "0",
    "secure_redirects": "0",
    "send_redirects": "0",
    "accept_source_route": "0",
}
PLAIN = {
    "icmp_echo_ignore_broadcasts": "1",
    "icmp_ignore_bogus_error_responses": "1",
    "tcp_syncookies": "1",
    "tcp_timestamps": "0",
}


@pytest.fixture
def machine():
    with Net() as machine:
        yield machine


def test_every_setting_holds_for_every_interface(machine, artifact):
    done = machine.net([artifact, "lainos-net-init"])
    assert done.returncode == 0, done.stderr
    for key, value in SETTINGS.items():
        assert machine.values(f"ipv4/conf/*/{key}") == [value] * len(INTERFACES), key
    for key in ("accept_redirects", "accept_source_route"):
        assert machine.values(f"ipv6/conf/*/{key}") == ["0"] * len(INTERFACES), key
    assert {key: machine.value(f"ipv4/{key}") for key in PLAIN} == PLAIN
    assert ", 0 overridden, 0 failed\n" in done.stderr
    again = machine.net([artifact, "lainos-net-init"])
    count = len(INTERFACES) * (len(SETTINGS) + 2) + len(PLAIN)
    expected = f"lainos-net-init: kernel parameters: 0 set, {count} unchanged, 0 overridden, 0 failed\n"
    assert (again.returncode, again.stderr) == (0, expected)


def test_the_administrator_wins_key_by_key(machine, p7):
    machine.write("/etc/sysctl.d/10-a.conf", "net.ipv4.conf.*.rp_filter = 2\nnet.ipv4.tcp_timestamps = 1\n")
    machine.write("/etc/sysctl.conf", "net.ipv4.conf.up0/5.rp_filter = 0\nnet.ipv4.ip_forward = 1\n")
    machine.write("/etc/lainos/sysctl.d/a.conf", "net.ipv4.conf.lo.rp_filter = 0\nnet.ipv4.ip_default_ttl = 65\n")
    done = machine.net([p7, "lainos-net-init"])
    assert done.returncode == 0, done.stderr
    assert machine.values("ipv4/conf/*/rp_filter") == ["2", "2", "0", "2", "0"]
    assert machine.value("ipv4/tcp_timestamps") == "1"
    assert machine.value("ipv4/ip_forward") == "0"  # sysctl(8)'s to set
    assert machine.value("ipv4/ip_default_ttl") == "65"  # ours
    files = "/etc/sysctl.d/10-a.conf, /etc/lainos/sysctl.d/a.conf, /etc/sysctl.conf"
    assert f", 6 overridden, 0 failed (overridden by {files})\n" in done.stderr


def test_each_value_is_reported_on_request(machine, p7):
    machine.write("/etc/sysctl.d/10-a.conf", "net.ipv4.conf.lo.rp_filter = 2\n")
    machine.write("/etc/lainos/sysctl.d/a.conf", "net.ipv4.tcp_syncookies = many\n")
    done = machine.net(["sh", "-c", f"echo 0 >/proc/sys/net/ipv4/tcp_timestamps; exec {p7} lainos-net-init --verbose"])
    conf = "/proc/sys/net/ipv4/conf"
    for line in (
        f"{conf}/all/log_martians = 1: set",
        "/proc/sys/net/ipv4/tcp_timestamps = 0: unchanged",
        f"{conf}/lo/rp_filter = 2 (/etc/sysctl.d/10-a.conf): overridden",
        "/proc/sys/net/ipv4/tcp_syncookies = many (/etc/lainos/sysctl.d/a.conf): failed",
    ):
        assert f"lainos-net-init: {line}\n" in done.stderr
    count = len(INTERFACES) * (len(SETTINGS) + 2) + len(PLAIN)
    assert len(done.stderr.splitlines()) == count + 2  # the failure's reason, and the sum


def test_an_installed_table_stands_in_place_of_the_built_in_one(machine, p7):
    machine.write("/run/other/usr/lib/lainos/sysctl.d/50-p7.conf", "net.ipv4.ip_default_ttl = 66\n")
    machine.path("/run/other/proc").mkdir()
    command = f"mount --rbind /proc /run/other/proc && exec {p7} lainos-net-init --root /run/other"
    done = machine.net(["sh", "-c", command])
    assert (done.returncode, machine.value("ipv4/ip_default_ttl")) == (0, "66")
    assert done.stderr == "lainos-net-init: kernel parameters: 1 set, 0 unchanged, 0 overridden, 0 failed\n"


def test_a_dry_run_changes_nothing(machine, p7):
    before = machine.values("ipv4/conf/*/rp_filter")
    done = machine.net([p7, "lainos-net-init", "--dry-run"])
    assert (done.returncode, done.stderr) == (0, "")
    assert "/proc/sys/net/ipv4/conf/up0.5/rp_filter = 1\n" in done.stdout
    assert machine.values("ipv4/conf/*/rp_filter") == before


def test_one_interface_for_udev(machine, p7):
    machine.net([p7, "lainos-net-init"])
    machine.net(["ip", "link", "add", "usb0", "type", "veth", "peer", "name", "usb1"])
    assert machine.value("ipv4/conf/usb0/send_redirects") == "0"  # from "default"
    machine.net(["sh", "-c", "echo 1 | tee /proc/sys/net/ipv4/conf/usb?/send_redirects"])
    done = machine.net([p7, "lainos-net-init", "--interface", "usb0"])
    assert done.returncode == 0
    assert "kernel parameters: 1 set, 7 unchanged" in done.stderr
    assert [machine.value(f"ipv4/conf/usb{i}/send_redirects") for i in range(2)] == ["0", "1"]


@pytest.mark.parametrize("name", ["nope", "all", "../../kernel", ""])
def test_what_is_no_interface_is_an_error(machine, p7, name):
    done = machine.net([p7, "lainos-net-init", "--interface", name])
    assert (done.returncode, done.stderr) == (2, f"lainos-net-init: there is no interface {name!r}\n")


def test_failures_are_named_one_by_one(machine, p7):
    machine.write("/etc/lainos/sysctl.d/a.conf", "net.ipv4.tcp_syncookies = many\nnet.ipv4.nope = 1\nnonsense\n")
    done = machine.net([p7, "lainos-net-init"])
    assert done.returncode == 1
    assert done.stderr.splitlines()[:3] == [
        "lainos-net-init: /etc/lainos/sysctl.d/a.conf:3: not of the form 'name = value': nonsense",
        "lainos-net-init: /proc/sys/net/ipv4/tcp_syncookies: Invalid argument",
        "lainos-net-init: /proc/sys/net/ipv4/nope: No such file or directory",
    ]
    assert done.stderr.endswith(" 0 overridden, 2 failed\n")
    assert machine.value("ipv4/conf/up0/send_redirects") == "0"  # the rest is done


def test_a_read_only_proc_fails_key_by_key(machine, p7):
    command = f"mount --bind -o ro /proc/sys /proc/sys && exec {p7} lainos-net-init"
    done = machine.net(["sh", "-c", command])
    assert done.returncode == 1
    assert "/proc/sys/net/ipv4/conf/up0.5/send_redirects: Read-only file system\n" in done.stderr


def test_timestamps_that_cannot_be_set_are_no_failure(machine, p7):
    path = "/proc/sys/net/ipv4/tcp_timestamps"
    done = machine.net(["sh", "-c", f"mount --bind -o ro {path} {path} && exec {p7} lainos-net-init"])
    assert done.returncode == 0, done.stderr
    assert ", 0 failed, 1 passed over\n" in done.stderr


def test_no_ipv6_is_no_failure(machine, p7):
    done = machine.net(["sh", "-c", f"mount -t tmpfs none /proc/sys/net/ipv6 && exec {p7} lainos-net-init"])
    assert (done.returncode, "failed" in done.stderr.replace("0 failed", "")) == (0, False)


def test_without_proc_nothing_can_be_done(machine, p7):
    machine.path("/run/empty").mkdir()
    done = machine.net([p7, "lainos-net-init", "--root", "/run/empty"])
    assert done.returncode == 2
    said = "/run/empty/proc/sys/net/ipv4/conf is missing: proc must be mounted on /run/empty/proc"
    assert done.stderr == f"lainos-net-init: {said}\n"


def test_an_ordinary_user_is_told(machine, p7):
    assert machine.run([p7, "lainos-net-init"], uid=LAIN).returncode == 77
