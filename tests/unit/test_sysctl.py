"""sysctl.d(5): which lines there are, which of them wins, and what a parameter became."""

import pytest

from applets import lainos_net_init
from p7 import sysctl
from p7.root import Root

CONF = "net/ipv4/conf"


@pytest.fixture
def root(tmp_path):
    """A /proc/sys of plain files, with interfaces whose names are hard to tell from keys."""
    for name in ("all", "default", "eth0", "eth0.100"):
        _put(tmp_path, f"{CONF}/{name}/rp_filter", "0")
    _put(tmp_path, "net/ipv4/tcp_timestamps", "1")
    return Root(str(tmp_path))


def _put(folder, key, value):
    path = folder / "proc/sys" / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value + "\n")


def _lines(text, source="ours"):
    lines, wrong = sysctl.parse(text, source)
    assert wrong == []
    return lines


def _plan(root, ours, theirs=""):
    parameters = sysctl.plan(root, _lines(ours), _lines(theirs, "theirs"))
    return {p.path.removeprefix("/proc/sys/"): p.line.value for p in parameters}


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("net.ipv4.tcp_timestamps", "net/ipv4/tcp_timestamps"),
        ("net/ipv4/tcp_timestamps", "net/ipv4/tcp_timestamps"),
        ("net.ipv4.conf.eth0/100.rp_filter", "net/ipv4/conf/eth0.100/rp_filter"),
        ("net/ipv4/conf/eth0.100/rp_filter", "net/ipv4/conf/eth0.100/rp_filter"),
    ],
)
def test_a_name_is_a_path_by_its_first_separator(name, key):
    assert [line.key for line in _lines(f"{name} = 1")] == [key]


def test_comments_blanks_hyphens_and_spaces():
    lines = _lines("# a\n; b = 1\n\n  net.core.x =  1 2\t3 \n-net.core.y = 1\n-net.core.z\n")
    assert [(line.key, line.value, line.optional) for line in lines] == [
        ("net/core/x", "1 2\t3", False),
        ("net/core/y", "1", True),
        ("net/core/z", None, True),
    ]


@pytest.mark.parametrize("row", ["nonsense", "= 1", "net..x = 1", "../../etc/passwd = 1", "net/../x = 1", "/ = 1"])
def test_what_is_no_setting_is_named_with_its_line(row):
    lines, wrong = sysctl.parse(f"net.a.b = 1\n{row}\n", "/etc/x.conf")
    assert len(lines) == 1
    assert wrong == [f"/etc/x.conf:2: not of the form 'name = value': {row}"]


def test_a_pattern_stands_for_every_interface(root):
    keys = [f"{CONF}/{name}/rp_filter" for name in ("all", "default", "eth0", "eth0.100")]
    assert _plan(root, "net.ipv4.conf.*.rp_filter = 1") == dict.fromkeys(keys, "1")
    assert list(_plan(root, "net.ipv4.conf.eth?.rp_filter = 1")) == [keys[2]]


def test_a_kernel_without_the_protocol_has_no_keys_of_it(root):
    assert _plan(root, "net.ipv6.conf.*.accept_redirects = 0") == {}


@pytest.mark.parametrize(
    ("theirs", "values"),
    [
        ("net.ipv4.conf.eth0.rp_filter = 2", "1 1 2 1"),
        ("net.ipv4.conf.*.rp_filter = 2", "2 2 2 2"),
        ("net.ipv4.conf.eth0.rp_filter = 3\nnet.ipv4.conf.*.rp_filter = 2", "2 2 3 2"),  # a name beats a pattern
        ("net.ipv4.conf.eth0.rp_filter = 3\nnet.ipv4.conf.eth0.rp_filter = 2", "1 1 2 1"),  # the later one
        ("net.ipv4.conf.default.rp_filter = 2", "1 2 2 2"),  # what an interface begins with
        ("net.ipv4.conf.all.rp_filter = 2", "2 1 1 1"),
        ("net.ipv4.tcp_timestamps = 0", "1 1 1 1"),  # not a key of ours
    ],
)
def test_who_wins(root, theirs, values):
    assert " ".join(_plan(root, "net.ipv4.conf.*.rp_filter = 1", theirs).values()) == values


def test_an_excluded_key_is_left_alone(root):
    theirs = _lines("-net.ipv4.conf.eth0.rp_filter", "theirs")
    parameters = sysctl.plan(root, _lines("net.ipv4.conf.*.rp_filter = 1"), theirs)
    for parameter in parameters:
        parameter.apply(root)
    assert root.read(f"/proc/sys/{CONF}/eth0/rp_filter") == "0\n"
    assert [p.outcome for p in parameters] == ["set", "set", "overridden", "set"]


def test_outcomes(root):
    (parameter,) = sysctl.plan(root, _lines("net.ipv4.tcp_timestamps = 0"), [])
    assert parameter.outcome == "failed"  # until it is applied
    parameter.apply(root)
    assert parameter.outcome == "set"
    parameter.apply(root)
    assert parameter.outcome == "unchanged"
    assert lainos_net_init.summary([parameter]) == "kernel parameters: 0 set, 1 unchanged, 0 overridden, 0 failed"


def test_a_missing_parameter_fails_unless_optional_or_its_interface_is_gone(root, tmp_path):
    lines = _lines("-net.ipv4.x = 1\nnet.nope.x = 1\nnet.ipv4.conf.*.rp_filter = 1")
    optional, needed, gone = sysctl.plan(root, lines, [])[:3]
    with pytest.raises(FileNotFoundError):
        needed.apply(root)
    optional.apply(root)
    for path in (tmp_path / "proc/sys/net/ipv4/conf/all").iterdir():
        path.unlink()
    (tmp_path / "proc/sys/net/ipv4/conf/all").rmdir()
    gone.apply(root)
    assert (optional.outcome, needed.outcome, gone.outcome) == ("passed over", "failed", "gone")


def test_the_built_in_table_is_well_formed():
    lines = _lines(lainos_net_init.TABLE)
    assert len({line.key for line in lines}) == len(lines) == 12
    assert [line.key for line in lines if line.optional] == ["net/ipv4/tcp_timestamps"]
