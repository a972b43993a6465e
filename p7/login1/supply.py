"""What the kernel tells of power supply and lid (Documentation/power/power_supply_class)."""

import os

from p7.root import Root

POWER_SUPPLY = "/sys/class/power_supply"
LIDS = "/proc/acpi/button/lid"


def on_external_power(root: Root) -> bool:
    """Whether mains power is on, or nothing says that the machine could have any other."""
    batteries = False
    for name in _names(root, POWER_SUPPLY):
        folder = f"{POWER_SUPPLY}/{name}"
        kind = root.read_or(f"{folder}/type", "").strip()
        if kind in ("Mains", "USB") and root.read_or(f"{folder}/online", "").strip() == "1":
            return True
        scope = root.read_or(f"{folder}/scope", "").strip()
        batteries = batteries or (kind == "Battery" and scope != "Device")
    return not batteries


def lid_closed(root: Root) -> bool:
    """Whether a lid is shut; False where there is none to ask."""
    return any("closed" in root.read_or(f"{LIDS}/{name}/state", "") for name in _names(root, LIDS))


def _names(root: Root, folder: str) -> list[str]:
    try:
        return sorted(os.listdir(root.path(folder)))
    except OSError:
        return []
