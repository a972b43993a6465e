"""How the facade gives up what it does not need: first who it is, then, once it serves, most of the kernel."""

import os

from p7 import Failure, linux, proc
from p7.broker import filter
from p7.root import Root


def confine_identity(root: Root) -> None:
    """Become the system user for good: no capability in any set, no_new_privs. Raises Failure or OSError."""
    uid, gid = proc.system_user(root)
    _drop_bounding_set()
    proc.drop(uid, gid)  # leaving uid 0 empties the permitted, effective and ambient sets (capabilities(7))
    linux.capset_empty()  # and this the inheritable one
    linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)


def seccomp() -> None:
    """Install the filter of p7.broker.filter, for good. Call it when all is imported, opened and bound."""
    try:
        linux.seccomp_filter(filter.program(os.uname().machine))
    except OSError as error:
        raise Failure(f"no seccomp filter: {error.strerror}; the kernel needs CONFIG_SECCOMP_FILTER") from None


def _drop_bounding_set() -> None:
    """Every capability the kernel knows; their number is told by the first that it does not."""
    for capability in range(64):
        try:
            linux.prctl(linux.PR_CAPBSET_DROP, capability)
        except OSError:
            return
