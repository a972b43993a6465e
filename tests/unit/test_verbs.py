"""The broker's verbs: what a facade that has been taken over could ask."""

import pytest

from p7 import config, log
from p7.broker import wire
from p7.broker.keeper import Keeper
from p7.broker.power import Power
from p7.broker.verbs import Verbs
from p7.broker.wire import Refused
from p7.identity import Session
from p7.loop import Loop
from p7.root import Root


@pytest.fixture
def verbs(tmp_path):
    """Verbs on an empty system without a user; nothing of them starts a program."""
    root, settings, loop = Root(str(tmp_path)), config.parse("[power]\nhalt = 'off'\nsuspend = 'noop'\n"), Loop()
    power = Power(root, settings, loop, lambda: log.info("resumed"))
    return Verbs(root, loop, Keeper(root, settings, None, Session()), power, lambda: None)


@pytest.mark.parametrize(
    ("request_", "name"),
    [
        ("", "EINVAL"),
        ("nonsense", "EINVAL"),
        ("power", "EINVAL"),
        ("power halt now", "EINVAL"),
        ("power kexec", "EINVAL"),
        ("power halt", "ENOTSUP"),
        ("power reboot", "ENOENT"),
        ("power hibernate", "ENOTSUP"),
        ("describe", "EINVAL"),
        ("describe vtnr=1", "EPERM"),
        ("describe service=x", "EPERM"),
        ("kill leader 15", "ESRCH"),
        ("kill all 0", "ERANGE"),
        ("kill all 65", "ERANGE"),
        ("kill all -9", "ERANGE"),
        ("kill 1 9", "EINVAL"),
        ("terminate now", "EINVAL"),
        ("brightness graphics x 1", "EINVAL"),
        ("brightness leds ../x 1", "EINVAL"),
        ("brightness leds .. 1", "EINVAL"),
        ("brightness leds none 1", "ENODEV"),
        ("brightness leds lamp 101", "ERANGE"),
        ("brightness leds lamp -1", "ERANGE"),
        ("brightness leds lamp 1e2", "ERANGE"),
        ("brightness leds link 1", "ELOOP"),
        ("wall", "EINVAL"),
        ("wall hello", "ENOENT"),
        ("schedule kexec 1", "EINVAL"),
        ("schedule poweroff soon", "ERANGE"),
        ("schedule poweroff 18446744073709551616", "ERANGE"),
        ("inhibit 0 1 sleep", "EINVAL"),
        ("inhibit 8192 1 sleep who why block 0 1", "ERANGE"),
        ("inhibit ../x 1 sleep who why block 0 1", "ERANGE"),
        ("release 8192", "ERANGE"),
        ("release ../x", "ERANGE"),
    ],
)
def test_what_is_asked_in_vain(verbs, tmp_path, request_, name):
    lamp, link = tmp_path / "sys/class/leds/lamp", tmp_path / "sys/class/leds/link"
    for folder in (lamp, link):
        folder.mkdir(parents=True)
        (folder / "max_brightness").write_text("100\n")
    (lamp / "brightness").write_text("50")
    (link / "brightness").symlink_to("../lamp/brightness")
    verb, *arguments = request_.split(" ")
    with pytest.raises((Refused, OSError)) as refused:
        verbs.do(verb, arguments, lambda _: None)
    error = refused.value
    assert (error if isinstance(error, Refused) else wire.refused(error)).name == name
    assert (lamp / "brightness").read_text() == "50"
    assert not (tmp_path / "run").exists()


def test_brightness_is_written(verbs, tmp_path):
    folder = tmp_path / "sys/class/backlight/panel"
    folder.mkdir(parents=True)
    (folder / "max_brightness").write_text("100\n")
    (folder / "brightness").write_text("5")
    done = []
    for value in ("0", "100"):
        verbs.do("brightness", ["backlight", "panel", value], done.append)
    assert done == [None, None]
    assert (folder / "brightness").read_text() == "100"


def test_a_shutdown_is_scheduled_and_taken_back(verbs, tmp_path):
    (tmp_path / "run/systemd/shutdown").mkdir(parents=True)
    path = tmp_path / "run/systemd/shutdown/scheduled"
    verbs.do("schedule", ["dry-reboot", "1700000000000000"], lambda _: None)
    assert path.read_text() == "USEC=1700000000000000\nWARN_WALL=1\nMODE=reboot\nDRY_RUN=1\n"
    for _ in range(2):
        verbs.do("unschedule", [], lambda _: None)
        assert not path.exists()
