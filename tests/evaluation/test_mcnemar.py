"""McNemar's test on tables that papers and books print."""

import numpy as np
import pytest
from scipy import stats

from panlearn.core.errors import DataError
from panlearn.evaluation import mcnemar_test


def predictions(table):
    """Rows with the given numbers of (right, right), (right, wrong), (wrong, right), (wrong, wrong)."""
    counts = np.ravel(table)
    return np.ones(counts.sum(), dtype=int), np.repeat([1, 1, 0, 0], counts), np.repeat([1, 0, 1, 0], counts)


@pytest.mark.parametrize(("method", "p"), [("exact", 0.070), ("mid-p", 0.039), ("chi2", 0.034), ("corrected", 0.077)])
def test_published_small_table(method, p):
    """Airway hyper-responsiveness before and after a transplant, 21 children: table 1 of [fagerland2013]."""
    assert round(mcnemar_test(*predictions([[1, 1], [7, 12]]), method=method).p_value, 3) == p


@pytest.mark.parametrize(("method", "p"), [("exact", 0.052), ("mid-p", 0.035), ("chi2", 0.033), ("corrected", 0.055)])
def test_published_larger_table(method, p):
    """Complete response before and after consolidation therapy, 161 patients: the second table of [fagerland2013]."""
    assert round(mcnemar_test(*predictions([[59, 6], [16, 80]]), method=method).p_value, 3) == p


def test_published_statistic():
    """Approval of a prime minister in two surveys (Agresti, Categorical Data Analysis): z² = 64² / 236."""
    found = mcnemar_test(*predictions([[794, 150], [86, 570]]), method="chi2")
    assert found.statistic == pytest.approx(17.36, abs=0.005)
    assert found.difference == pytest.approx(64 / 1600)
    assert found.table.tolist() == [[794, 150], [86, 570]]


@pytest.mark.parametrize(("b", "c"), [(0, 0), (0, 1), (3, 3), (2, 9), (40, 20)])
def test_matches_oracle(b, c):
    """Coin tosses: the exact test is SciPy's binomial test; mid-p takes off half of each tail's last term."""
    exact = mcnemar_test(*predictions([[2, b], [c, 2]]), method="exact").p_value
    mid = mcnemar_test(*predictions([[2, b], [c, 2]])).p_value
    if b + c == 0:
        assert (exact, mid) == (1, 1)
        return
    assert exact == pytest.approx(stats.binomtest(b, b + c).pvalue)
    point = stats.binom.pmf(np.arange(b + c + 1), b + c, 0.5)
    beyond = np.abs(np.arange(b + c + 1) - (b + c) / 2) - abs(b - c) / 2
    assert mid == pytest.approx(point[beyond > 0.25].sum() + point[np.abs(beyond) < 0.25].sum() / 2)


def test_symmetry():
    y, first, second = predictions([[5, 2], [9, 4]])
    for method in ("mid-p", "exact", "chi2", "corrected"):
        one, other = mcnemar_test(y, first, second, method=method), mcnemar_test(y, second, first, method=method)
        assert one.p_value == other.p_value
        assert one.difference == -other.difference
    names = np.array(["no", "yes"])
    assert mcnemar_test(names[y], names[first], names[second]).p_value == mcnemar_test(y, first, second).p_value


def test_edge_cases():
    assert mcnemar_test([1, 0], [1, 0], [1, 0], method="corrected").p_value == 1
    assert mcnemar_test([1], [1], [0], method="corrected").statistic == 0
    with pytest.raises(DataError, match="one length"):
        mcnemar_test([1, 0], [1], [1, 0])
    with pytest.raises(DataError, match="one length"):
        mcnemar_test([], [], [])
    with pytest.raises(ValueError, match="method must be"):
        mcnemar_test([1], [1], [1], method="z")
