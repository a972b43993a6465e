"""p7 seal-verify takes for a hook what pacman does, and no other file."""

from __future__ import annotations

import pytest

from tests.seal.conftest import PACMANS, verify
from tests.seal.machine import Machine

HOOKS = "usr/share/libalpm/hooks"
TRIGGER = "[Trigger]\nOperation = Install\nType = Package\nTarget = *\n"
ACTION = "[Action]\nWhen = PostTransaction\nExec = /bin/true\n"
READABLE = [TRIGGER + ACTION, TRIGGER + TRIGGER + ACTION + "NeedsTargets\n", "", "# nothing\n", ACTION, "[Action]\n"]
UNREADABLE = [
    TRIGGER,
    ACTION + TRIGGER.replace("Target", "Goal"),
    TRIGGER + ACTION.replace("When", "Then"),
    TRIGGER + ACTION.replace("Post", "After"),
    TRIGGER + "[Action]\nWhen = PostTransaction\n",
    TRIGGER.replace("Operation = Install\n", "") + ACTION,
    TRIGGER.replace("Type = Package\n", "") + ACTION,
    TRIGGER.replace("Target = *\n", "") + ACTION,
    TRIGGER.replace("Package", "Parcel") + ACTION,
    "Target = *\n" + TRIGGER + ACTION,
    TRIGGER + ACTION + "[Afterthought]\n",
    TRIGGER + ACTION.replace("/bin/true", "/bin/true 'one"),
    "[Trigger]\n" + TRIGGER + ACTION,
]


@pytest.mark.parametrize("machine", PACMANS, indirect=True)
def test_it_takes_for_a_hook_what_pacman_does(sealed: Machine) -> None:
    hello = sealed.package("hello")
    for text in READABLE + UNREADABLE:
        (sealed.root / HOOKS / "zz-x.hook").write_text(text)
        done = sealed.pacman("-U", hello)
        assert (done.returncode != 0) == (text in UNREADABLE), done.stdout
        assert ("pacman cannot read it" in verify(sealed).stdout) == (text in UNREADABLE), text
