"""What Arch's systemd package did after a transaction, by p7's hooks and the real programs under Artix's names."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.need import need
from tests.seal.machine import Files, Machine, copy_libraries

FILES: Files = {
    "usr/lib/sysusers.d/hooked.conf": 'u hooked - "a package\'s user"\n',
    "usr/lib/tmpfiles.d/hooked.conf": "d /var/lib/hooked 0750 hooked hooked\n",
    "usr/lib/udev/rules.d/99-hooked.rules": "# none\n",
    "usr/lib/binfmt.d/hooked.conf": "# none\n",
}


def bring(machine: Machine, **names: str) -> None:
    """Copy programs of this machine's into the other, under other names, with their libraries."""
    for tool, name in names.items():
        path = need(f"systemd-{tool}", "systemd")
        shutil.copy(path, machine.root / "usr/bin" / name)
        copy_libraries(machine.root, path)
    (machine.root / "etc").mkdir(exist_ok=True)


def install(machine: Machine) -> list[str]:
    """What our hooks' script says while a package with all of FILES goes in."""
    done = machine.pacman("-U", machine.package("hooked", files=dict(FILES)))
    assert done.returncode == 0, done.stdout
    assert "failed to execute" not in done.stdout
    return [line for line in done.stdout.splitlines() if line.startswith("p7-hook: ")]


def made(machine: Machine) -> bool:
    """Whether the user is there and the folder is the user's."""
    passwd = machine.root / "etc/passwd"
    rows = passwd.read_text().splitlines() if passwd.exists() else []
    uids = [int(row.split(":")[2]) for row in rows if row.startswith("hooked:")]
    folder: Path = machine.root / "var/lib/hooked"
    return bool(uids) and folder.exists() and folder.stat().st_uid == uids[0]


def test_users_and_then_folders_of_packages_are_made(machine: Machine) -> None:
    bring(machine, sysusers="esysusers", tmpfiles="etmpfiles")
    assert install(machine) == []
    assert made(machine)


def test_by_systemds_own_names_too(machine: Machine) -> None:
    bring(machine, sysusers="systemd-sysusers", tmpfiles="systemd-tmpfiles")
    assert install(machine) == []
    assert made(machine)


def test_a_program_that_is_missing_is_one_line_and_no_failure(machine: Machine) -> None:
    assert install(machine) == [
        "p7-hook: neither esysusers nor systemd-sysusers is installed: users of packages are not made",
        "p7-hook: neither etmpfiles nor systemd-tmpfiles is installed: folders of packages are not made",
    ]


def test_where_esysusers_brings_hooks_of_its_own_ours_do_nothing(machine: Machine) -> None:
    bring(machine, sysusers="esysusers", tmpfiles="etmpfiles")
    trigger = "[Trigger]\nOperation = Install\nType = Path\nTarget = usr/lib/none/*\n[Action]\nWhen = PostTransaction\n"
    hooks: Files = {
        f"usr/share/libalpm/hooks/{name}.hook": f"{trigger}Exec = /usr/bin/{name}\n"
        for name in ("esysusers", "etmpfiles")
    }
    assert machine.pacman("-U", machine.package("artix", files=hooks)).returncode == 0
    assert install(machine) == []
    assert not made(machine)


def test_what_a_package_asks_for_wrongly_is_said_and_the_rest_is_made(machine: Machine) -> None:
    bring(machine, sysusers="esysusers", tmpfiles="etmpfiles")
    (machine.root / "usr/lib/tmpfiles.d").mkdir(parents=True)
    (machine.root / "usr/lib/tmpfiles.d/bad.conf").write_text("? nonsense\n")
    assert install(machine) == []
    assert made(machine)
