"""The statistics of the benchmark."""

import pytest

from tests.bench.stats import quantile, summarise


def test_quantiles_lie_between_neighbours():
    assert quantile([3, 1, 2], 0.5) == 2
    assert quantile([1, 2, 3, 4], 0.5) == 2.5
    assert quantile([0, 10], 0.25) == 2.5
    assert quantile(range(101), 0.99) == 99
    assert quantile([7], 0.99) == 7


def test_a_summary_is_ordered():
    assert summarise([5, 1, 3, 2, 4]) == (1, 2, 3, 4, pytest.approx(4.96), 5, 5)


def test_one_outlier_does_not_move_the_median():
    assert summarise([1, 1, 1, 1, 900]).median == 1
    assert summarise([1, 1, 1, 1, 900]).worst == 900


def test_nothing_has_no_median():
    with pytest.raises(ValueError, match="no values"):
        summarise([])
