"""lainos-net-init, the artifact, in a network namespace: real sysctls, interfaces, openresolv and iwctl."""

import time

import pytest

from tests.lab.private import LAIN, Private
from tests.need import need, need_root

INTERFACES = ("all", "default", "lo", "up0", "up0.5")
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


class Net(Private):
    """A machine with a network of its own: lo, and a veth pair one end of which has a dot in its name."""

    def __enter__(self):
        super().__enter__()
        self._checked(["ip", "netns", "add", "net"])
        self._checked(self.inside(["ip", "link", "add", "up0", "type", "veth", "peer", "name", "up0.5"]))
        for name in ("sysctl.d", "sysctl.conf"):
            self._checked(["rm", "-rf", f"/etc/{name}"])
        self.write("/etc/resolv.conf", "")
        return self

    def _checked(self, argv):
        done = self.run(argv)
        assert done.returncode == 0, done.stderr

    def inside(self, argv):
        return ["ip", "netns", "exec", "net", *argv]

    def net(self, argv, **keywords):
        return self.run(self.inside(argv), **keywords)

    def write(self, path, text):
        file = self.path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def value(self, key):
        done = self.net(["cat", f"/proc/sys/net/{key}"])
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def values(self, key):
        """The values of a key with a * in it, for INTERFACES in their order."""
        return [self.value(key.replace("*", name)) for name in INTERFACES]


@pytest.fixture(autouse=True)
def _tools():
    need_root("network namespaces")
    need("ip", "iproute2")


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
    assert ", 6 overridden, 0 failed\n" in done.stderr


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
    assert "/proc must be mounted" in done.stderr


def test_an_ordinary_user_is_told(machine, p7):
    assert machine.run([p7, "lainos-net-init"], uid=LAIN).returncode == 77


def test_resolvconf_writes_resolv_conf_anew(machine, p7):
    need("resolvconf", "openresolv")
    machine.net(["resolvconf", "-a", "up0"], input="nameserver 192.0.2.1\n", stdin=None)
    machine.write("/etc/resolv.conf", "# Generated by resolvconf\nnameserver 192.0.2.99\n")
    done = machine.net([p7, "lainos-net-init"])
    assert done.returncode == 0, done.stderr
    assert "nameserver 192.0.2.1\n" in machine.path("/etc/resolv.conf").read_text()


def test_a_resolv_conf_made_by_hand_is_left_alone(machine, p7):
    need("resolvconf", "openresolv")
    machine.write("/etc/resolv.conf", "# mine\nnameserver 192.0.2.2\n")
    done = machine.net([p7, "lainos-net-init"])
    assert done.returncode == 0
    assert "/etc/resolv.conf: not made by resolvconf" in done.stderr
    assert machine.path("/etc/resolv.conf").read_text() == "# mine\nnameserver 192.0.2.2\n"


def test_a_resolvconf_that_fails_is_named(machine, p7):
    program = need("resolvconf", "openresolv")
    machine.path("/run/false").write_text("#!/bin/sh\nexit 3\n")
    machine.path("/run/false").chmod(0o755)
    machine.run(["mount", "--bind", "/run/false", program])
    done = machine.net([p7, "lainos-net-init"])
    assert done.returncode == 1
    assert f"lainos-net-init: {program} -u: ended with 3\n" in done.stderr


def test_a_scan_does_not_hold_up_the_boot(machine, p7):
    """iwctl waits for iwd, which does not run here; no card either, only what sysfs would say of one."""
    iwctl = need("iwctl", "iwd")
    command = "mount -t tmpfs none /sys/class/net && mkdir -p /sys/class/net/wlan0/phy80211 /sys/class/net/eth0"
    began = time.monotonic()
    done = machine.net(["sh", "-c", f"{command} && exec {p7} lainos-net-init"])
    assert (done.returncode, time.monotonic() - began < 3) == (0, True), done.stderr
    found = machine.run(["sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"]).stdout
    assert f"/timeout 30 {iwctl} station wlan0 scan" in found
