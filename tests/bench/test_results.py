"""Bars, regressions and the report, on numbers made up here."""

import json
from xml.etree import ElementTree

import pytest

from tests.bench import plot, report
from tests.bench.bars import BARS, REGRESSION, TOGETHER, TOTAL, Bar, compared, regressions
from tests.bench.boot import KERNEL, times, without_lab
from tests.bench.notify import accounted
from tests.bench.results import (
    CALL_WORK,
    FLOOR,
    GET_ID,
    MEMORY,
    PRIVATE_DIRTY,
    PROPORTIONAL,
    ROOT_START,
    ROUND_TRIP,
    SIZE,
    USER_START,
    WORK,
    Key,
    from_json,
    to_json,
)
from tests.bench.stats import summarise

ROW = "lainos-ghost-units, first run"
START = Key(ROOT_START, ROW, "zipapp")
USED = Key(WORK, ROW, "zipapp")


def _results(values, floor=(10, 10, 10), key=START):
    return {Key(key.section, FLOOR): summarise(floor), key: summarise(values)}


@pytest.fixture
def everything():
    """Something for every bar."""
    keys = [key for bar in BARS for key in (bar.key, bar.over) if key]
    return {key: summarise([1, 2, 4]) for key in keys}


def test_a_ratio_is_of_medians():
    bar = next(bar for bar in BARS if bar.key == START)
    assert bar.value(_results([13, 14, 99])) == 1.4
    assert bar.is_met(1.4)
    assert not bar.is_met(1.5)
    assert bar.value({}) is None
    assert bar.value({START: summarise([1])}) is None  # without its base


def test_a_bar_may_be_from_below_and_of_another_aspect():
    bar = Bar("rate", START, 50_000, is_least=True)
    assert bar.is_met(50_000)
    assert not bar.is_met(49_999)
    assert Bar("worst", START, 5, aspect="worst").value(_results([1, 2, 7])) == 7


def test_a_regression_is_told_by_the_least_disturbed_round():
    recorded = _results([12, 14, 90], key=USED)
    assert regressions(_results([12 * REGRESSION - 0.1, 30, 300], key=USED), recorded) == []
    slower = _results([12 * REGRESSION + 0.1, 20, 20], key=USED)
    assert [(found.key, found.recorded) for found in regressions(slower, recorded)] == [(USED, 1.2)]


def test_a_slower_machine_is_no_regression():
    assert regressions(_results([120], [100], USED), _results([12], key=USED)) == []


def test_only_what_has_the_same_base_in_both_runs_is_compared():
    recorded = _results([12], key=USED)
    new = {**recorded, Key(WORK, "new", "zipapp"): summarise([99]), Key(SIZE, "zipapp"): summarise([5])}
    assert compared(new, recorded) == [USED]


def test_a_slower_call_is_a_regression_whatever_the_round_trip():
    floor = {Key(WORK, FLOOR): summarise([10])}
    call, trip = Key(CALL_WORK, "ListSeats", "p7"), Key(ROUND_TRIP, "ListSeats", "p7")
    recorded = floor | {call: summarise([20]), trip: summarise([100]), Key(ROUND_TRIP, GET_ID, "p7"): summarise([40])}
    assert regressions(recorded | {trip: summarise([900]), call: summarise([29])}, recorded) == []
    assert [found.key for found in regressions(recorded | {call: summarise([31])}, recorded)] == [call]


def test_shares_of_other_programs_are_not_compared():
    rows = {
        Key(MEMORY, row, column): summarise([1]) for row in (FLOOR, "x") for column in (PROPORTIONAL, PRIVATE_DIRTY)
    }
    assert compared(rows, rows) == [Key(MEMORY, "x", PRIVATE_DIRTY)]


def test_bases_are_of_the_same_section_and_column():
    assert Key(USER_START, "x", "static").base() == Key(USER_START, FLOOR)
    assert Key(MEMORY, "x", PRIVATE_DIRTY).base() == Key(MEMORY, FLOOR, PRIVATE_DIRTY)
    assert Key(MEMORY, FLOOR, PRIVATE_DIRTY).base() is None


def test_json_gives_the_same_back(everything):
    assert from_json(json.loads(json.dumps(to_json(everything)))) == everything


def test_the_page_has_every_bar_and_result(everything):
    page = report.markdown({"kernel": "6.1"}, everything)
    assert "- kernel: 6.1" in page
    assert page.count("| met |") + page.count("| **not met** |") + page.count("| no bar |") == len(BARS)
    assert page.count("| no bar |") == 1
    assert f"| {ROW} |" in page
    assert "not measured" in report.markdown({}, _results([12]))


def test_the_picture_is_svg(everything):
    picture = ElementTree.fromstring(plot.svg(everything))
    assert picture.tag == "{http://www.w3.org/2000/svg}svg"
    assert ROW in "".join(picture.itertext())
    assert int(picture.get("height")) < 1000


def test_every_notification_is_counted_once():
    log = (
        "lainos-notifyd: pid 7 uid 1000 (python3): STATUS 'message 0'\n"
        "lainos-notifyd: pid 7 uid 1000 (python3): STATUS 'message 1'\n"
        "lainos-notifyd: uid 1000: 40 lines suppressed, the last of pid 7 (python3)\n"
        "lainos-notifyd: pid 8 uid 1000 (sh): READY\n"
    )
    assert accounted(log) == 42


def test_a_services_time_is_that_since_the_mark_before():
    marks = {"cgroup-delegate": 10.5, "hostname": 10.2, "lainos-notifyd": 11.0, "greetd": 12.0}
    found = {name: round(milliseconds) for name, milliseconds in times(marks, 10.0).items()}
    assert found.pop("greetd") == 1000
    assert found == {"hostname": 200, "cgroup-delegate": 300, "lainos-notifyd": 500, TOGETHER: 800, TOTAL: 2000}


def test_what_the_lab_prepares_is_no_part_of_the_boot():
    found = times(*without_lab({"localmount": 110.0, "greetd": 111.0}, 100.0, 2.0, 9.0))
    assert {name: round(milliseconds) for name, milliseconds in found.items()} == {
        KERNEL: 2000,
        "localmount": 1000,
        "greetd": 1000,
        TOGETHER: 0,
        TOTAL: 4000,
    }
