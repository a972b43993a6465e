"""A machine with a network of its own, for lainos-net-init."""

import subprocess
import sys

from tests.lab.private import Private
from tests.need import need

INTERFACES = ("all", "default", "lo", "up0", "up0.5")
LOGGER = """\
import socket
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.bind("/dev/log")
print("up", flush=True)
while True:
    print(log.recv(4096).decode().partition(": ")[2], flush=True)
"""


class Net(Private):
    """A machine with a network of its own: lo, and a veth pair one end of which has a dot in its name."""

    def __enter__(self):
        need("ip", "iproute2")
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

    def log(self):
        """A stream of what is logged from now on, a line a message without priority and name."""
        process = self.start(["timeout", "50", sys.executable, "-c", LOGGER], stdout=subprocess.PIPE)
        assert process.stdout.readline() == "up\n"
        return process.stdout

    def value(self, key):
        done = self.net(["cat", f"/proc/sys/net/{key}"])
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def values(self, key):
        """The values of a key with a * in it, for INTERFACES in their order."""
        return [self.value(key.replace("*", name)) for name in INTERFACES]
