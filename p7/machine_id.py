"""/etc/machine-id (machine-id(5)): checked, and made where it is missing, as on live media."""

import errno
import os

from p7 import Failure, log
from p7.ops import Write
from p7.root import Root

_PATH = "/etc/machine-id"
_VOLATILE = "/run/machine-id"


class MachineId:
    """A valid machine id; where /etc is read-only, one for this boot, bound over an empty file as systemd does."""

    __slots__ = ("path",)

    def __init__(self) -> None:
        self.path = _PATH

    def describe(self) -> str:
        return f"check {_PATH}, make it if it is missing or empty"

    def holds(self, root: Root) -> bool:
        """Whether there is a valid one."""
        return _is_valid(root.read_or(_PATH, "").strip())

    def apply(self, root: Root) -> None:
        text = root.read_or(_PATH, "").strip()
        if _is_valid(text):
            return
        if text not in ("", "uninitialized"):
            remedy = f"'rm {_PATH}' and the next start makes a new one"
            raise Failure(f"{_PATH}: not 32 lower-case hexadecimal digits; {remedy}")
        fresh = Write(_PATH, _random() + "\n", 0o444)
        try:
            fresh.apply(root)
        except OSError as error:
            if error.errno != errno.EROFS or root.prefix or not os.path.exists(_PATH):
                raise
            _bind(root, fresh.text)
        else:
            log.info(f"{_PATH}: made")


def _is_valid(text: str) -> bool:
    return len(text) == 32 and set(text) <= set("0123456789abcdef") and set(text) != {"0"}


def _random() -> str:
    """A version 4 UUID (RFC 9562) without its hyphens, as machine-id(5) asks for new ids."""
    data = bytearray(os.urandom(16))
    data[6] = data[6] & 0x0F | 0x40
    data[8] = data[8] & 0x3F | 0x80
    return data.hex()


def _bind(root: Root, text: str) -> None:
    from p7 import linux

    Write(_VOLATILE, text, 0o444).apply(root)
    linux.mount(_VOLATILE, _PATH, "", linux.MS_BIND)
    log.warning(f"{_PATH}: read-only, so this boot has a machine id of its own, from {_VOLATILE}")
