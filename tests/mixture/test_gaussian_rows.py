"""A first look at the rows, and answers about rows with gaps."""

import numpy as np
import pytest

from panlearn.core.blocks import ArrayRows
from panlearn.core.errors import DataError
from panlearn.mixture import gaussian_rows as module
from panlearn.mixture.gaussian_parameters import build

X = np.array([[1.0, 2.0], [3.0, 5.0], [np.nan, 8.0]])


def test_survey():
    assert [part.tolist() if isinstance(part, np.ndarray) else part for part in module.survey(ArrayRows(X))] == [
        3.0,
        [2.0, 5.0],
        True,
    ]
    total, middle, missing = module.survey(ArrayRows(X[:2], None, np.array([0.5, 0.0])))
    assert (total, middle.tolist(), missing) == (0.5, [2.0, 3.5], False)
    for bad, words in ((X * [1, np.inf], "infinity"), (X * [1, 1e200], "too large"), (X * [np.nan, 1], "no value")):
        with pytest.raises(ValueError, match=words), np.errstate(invalid="ignore"):
            module.survey(ArrayRows(bad))
    with pytest.raises(DataError, match="is 0"):
        module.survey(ArrayRows(X, None, np.zeros(3)))


def test_filled_and_ordered():
    source = ArrayRows(X, None, np.array([1.0, 2.0, 3.0]))
    rows = module.filled(source, np.array([2.0, 5.0]), True).rows  # type: ignore[attr-defined]
    assert rows.X.tolist() == [[1, 2], [3, 5], [2, 8]]
    again = module.by_pattern(ArrayRows(X[::-1], None, np.array([3.0, 2.0, 1.0]))).rows  # type: ignore[attr-defined]
    assert np.isnan(again.X[:, 0]).tolist() == [False, False, True]
    assert again.weight.tolist() == [2, 1, 3]


@pytest.mark.parametrize("what", ["sum", "label", "shares"])
def test_answers_with_and_without_gaps_agree(what):
    p = build("full", np.array([0.4, 0.6]), np.array([[1.0, 2.0], [3.0, 6.0]]), np.array([np.eye(2)] * 2), 0.0)
    mixed, whole = (module.answers("full", p, rows, what) for rows in (X, X[:2]))
    np.testing.assert_allclose(mixed[:2], whole)
    marginal = build("full", p.weights, p.means[:, 1:], np.ones((2, 1, 1)), 0.0)
    np.testing.assert_allclose(mixed[2:], module.answers("full", marginal, X[2:, 1:], what))
