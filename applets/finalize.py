"""Make a session's system of a new installation.

Finds the user as every part of p7 does, and takes the lists of /etc/lainos/finalize.toml: makes the machine ids, writes
doas.conf, adds the services to their runlevels, configures greetd with tuigreet, and iwd, adds the user to the groups,
and where there is pacman seals it (`p7 seal-conf`, `p7 seal-verify`). What an administrator has set stays, and what
would have been written is beside it as NAME.new; what only came with a package is kept as NAME.old.

Each step is one line: done, or found already done. Then all of it is looked at again, and whatever does not hold, or
has to come with another package, is an error. An installation that was interrupted is finished by running it again, and
a finished one is not changed. Calamares runs it as its last step in the new system; `--root` names one from outside.
"""

from __future__ import annotations

import os

from p7 import Failure, config, identity, log
from p7.root import SYSTEM, Root

PRIVILEGE = "root"


def run(root: Root = SYSTEM, *, dry_run: bool = False) -> int:
    """Carry the plan out. 0 if all of it holds, 1 if not. Raises Failure where nothing can be done at all."""
    from p7.finalize import carry_out, lists, plan

    if os.statvfs(root.path("/etc")).f_flag & os.ST_RDONLY and not dry_run:
        raise Failure(f"{root.path('/etc')}: the file system is read-only, and nothing was changed")
    found = lists.load(root)
    settings = config.load(root)
    user = identity.find_user(root, settings)
    if user is not None and not settings["identity.user"] and len(identity.eligible(root)) > 1:
        others = ", ".join(other.name for other in identity.eligible(root)[1:])
        log.info(f"the user is {user.name}, the first; [identity] user in p7.toml can name another of {others}")
    made = plan.make(root, found, user)
    for note in made.notes:
        log.info(note)
    return carry_out.run(made.steps, root, dry_run) or min(settings.errors, 1)
