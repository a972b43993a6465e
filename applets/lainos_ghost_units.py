"""Make the files and folders of /run that applications and libsystemd look for.

Makes the folders of /run/systemd that software takes for a running logind, the files in them that tell libsystemd of
the one user, session and seat, and the user's XDG_RUNTIME_DIR, a tmpfs of mode 0700. An /etc/machine-id that is
missing or empty, as on live media, is made. Running it again changes nothing that is right already. What stands in
the way and is not p7's, a symlink above all, is reported and left alone.

Never made, since software that finds them misbehaves: /run/systemd/private, /run/systemd/journal,
/run/systemd/resolve; and /run/systemd/system only with `[ghosts] booted = true` in p7.toml.
"""

from p7 import config, identity, ops, sdlogin
from p7.machine_id import MachineId
from p7.root import SYSTEM, Root
from p7.runtime_dir import RuntimeDir

TYPE_CHECKING = False
if TYPE_CHECKING:
    from p7.ops import Operation

PRIVILEGE = "root"


def run(root: Root = SYSTEM, *, dry_run: bool = False) -> int:
    """Apply the plan. 0 if all of it is in place, 1 if a step failed or p7.toml is malformed."""
    settings = config.load(root)
    user = identity.find_user(root, settings)
    status = ops.run(plan(user, sdlogin.read_session(root), booted=settings["ghosts.booted"] is True), root, dry_run)
    return status or min(settings.errors, 1)


def plan(user: identity.User | None, session: identity.Session, *, booted: bool) -> "list[Operation]":
    """Everything that must exist, in the order in which it can be made."""
    steps: list[Operation] = [MachineId(), ops.Mkdir("/run/systemd")]
    steps += [ops.Mkdir(f"/run/systemd/{name}") for name in sdlogin.FOLDERS]
    if booted:
        steps.append(ops.Mkdir("/run/systemd/system"))
    steps.append(ops.Mkdir("/run/user"))
    if user is not None:
        steps.append(RuntimeDir(user))
        steps += [*sdlogin.files(user, session), sdlogin.Forget(user)]
    return steps
