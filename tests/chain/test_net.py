"""lainos-net-init, the artifact, in a network namespace: real sysctls, interfaces, openresolv and iwctl."""

import subprocess
import sys
import time

import pytest

from tests.chain.seat import wait
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
    said = "/run/empty/proc/sys/net/ipv4/conf is missing: proc must be mounted on /run/empty/proc"
    assert done.stderr == f"lainos-net-init: {said}\n"


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


IWD = """\
import sys
from jeepney import DBusAddress, HeaderFields, MessageType, message_bus, new_error, new_method_return
from jeepney.io.blocking import open_dbus_connection

bus = open_dbus_connection("unix:path=/run/dbus/system_bus_socket")
bus.send_and_get_reply(message_bus.RequestName("net.connman.iwd"))
device = {"net.connman.iwd.Device": {"Name": ("s", "wlan0")}, "net.connman.iwd.Station": {}}
busy = {"net.connman.iwd.Device": {"Name": ("s", "wlan1")}, "net.connman.iwd.Station": {}}
objects = {"/0": {"net.connman.iwd.Adapter": {}}, "/0/3": device, "/1/4": busy}
while True:
    call = bus.receive()
    if call.header.message_type is not MessageType.method_call:
        continue
    path, member = (call.header.fields[field] for field in (HeaderFields.path, HeaderFields.member))
    print(path, member, flush=True)
    if member == "GetManagedObjects":
        bus.send(new_method_return(call, "a{oa{sa{sv}}}", (objects,)))
    elif path == "/1/4":
        bus.send(new_error(call, "net.connman.iwd.InProgress"))
    else:
        bus.send(new_method_return(call))
"""
BUS = """\
<busconfig>
  <type>system</type>
  <listen>unix:path=/run/dbus/system_bus_socket</listen>
  <auth>EXTERNAL</auth>
  <servicedir>/run/services</servicedir>
  <policy context="default">
    <allow user="*"/><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/>
  </policy>
</busconfig>
"""
ACTIVATION = "[D-BUS Service]\nName=net.connman.iwd\nExec=/bin/touch /run/activated\nUser=root\n"
CARDS = "mount -t tmpfs none /sys/class/net; mkdir -p /sys/class/net/wlan0/phy80211 /sys/class/net/wlan1/phy80211"


@pytest.fixture
def wireless(machine):
    """Two cards, as sysfs would tell of them; no kernel here can have one. The bus could activate iwd."""
    need("iwctl", "iwd")
    need("dbus-daemon", "dbus-daemon")
    machine.write("/run/bus.conf", BUS)
    machine.write("/run/services/net.connman.iwd.service", ACTIVATION)
    machine.path("/run/dbus").mkdir()
    return machine


def _start_scan(machine, p7):
    listen = (
        "import socket; s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind('/dev/log');"
        "print('up', flush=True)\nwhile True: print(s.recv(4096).decode(), flush=True)"
    )
    log = machine.start(["timeout", "50", sys.executable, "-c", listen], stdout=subprocess.PIPE)
    assert log.stdout.readline() == "up\n"
    began = time.monotonic()
    done = machine.net(["sh", "-c", f"{CARDS} /sys/class/net/eth0; exec {p7} lainos-net-init"])
    assert (done.returncode, time.monotonic() - began < 3) == (0, True), done.stderr
    return log.stdout


# The frozen form's folder goes when its launcher ends; whoever is left behind may not live long without it.
@pytest.mark.parametrize("form", ["zipapp", "static"])
def test_a_scan_waits_in_the_background_for_the_bus_and_for_iwd(wireless, build, form):
    """Neither runs when the boot comes by; the stand-in speaks iwd's part of the D-Bus API (station-api.txt)."""
    log = _start_scan(wireless, build(form))
    wireless.run(["dbus-daemon", "--config-file=/run/bus.conf", "--fork"])
    time.sleep(1)
    assert not wireless.path("/run/activated").exists()
    iwd = wireless.start(["timeout", "20", sys.executable, "-c", IWD], stdout=subprocess.PIPE)
    calls = [iwd.stdout.readline() for _ in range(3)]
    assert calls == ["/ GetManagedObjects\n", "/0/3 Scan\n", "/1/4 Scan\n"]
    assert [log.readline().partition(": ")[2] for _ in range(2)] == ["wlan0: iwd scans\n", "wlan1: iwd scans\n"]
    wait(lambda: wireless.run(["pgrep", "--full", "lainos-net-init"]).stdout == "", "nothing of it is left")


def test_without_wireless_nobody_waits(machine, p7):
    assert machine.net([p7, "lainos-net-init"]).returncode == 0
    assert machine.run(["pgrep", "--full", "lainos-net-init"]).stdout == ""
