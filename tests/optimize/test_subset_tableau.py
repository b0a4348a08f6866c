"""The tableau: its predictions are the differences of least-squares errors."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from panlearn.optimize.subset_tableau import FRESH, Tableau
from panlearn.optimize.unit_columns import GramRows, UnitColumns
from tests.oracles.best_subset import least_squares


def problem(seed, n=15, p=7):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + rng.normal(size=(n, 1))
    y = rng.normal(size=n)
    return X, y, Tableau(GramRows(UnitColumns(X, y, None, True, 0.0)), p)


def error(X, y, columns):
    return 2 * len(y) * least_squares(X, y, columns)


@settings(max_examples=25)
@given(st.integers(0, 1000), st.integers(1, 5))
def test_every_change_is_predicted_exactly(seed, k):
    X, y, t = problem(seed)
    rng = np.random.default_rng(seed)
    subset = rng.permutation(7)[:k]
    t.set(subset)
    here = error(X, y, subset)
    assert np.isclose(t.gram.square - t.explained, here)
    outside = np.setdiff1d(np.arange(7), subset)
    np.testing.assert_allclose(t.gains()[outside], [here - error(X, y, [*subset, j]) for j in outside], atol=1e-9)
    np.testing.assert_allclose(t.losses(), [error(X, y, np.delete(subset, i)) - here for i in range(k)], atol=1e-9)
    swaps = np.array([[here - error(X, y, [*np.delete(subset, i), j]) for j in outside] for i in range(k)])
    np.testing.assert_allclose(t.swap_gains()[outside], swaps.max(axis=0), atol=1e-9)
    assert [t.partner(j) for j in outside] == swaps.argmax(axis=0).tolist()


@settings(max_examples=25)
@given(st.integers(0, 1000))
def test_updates_agree_with_a_fresh_start(seed):
    t = problem(seed)[2]
    rng = np.random.default_rng(seed)
    for _ in range(FRESH + 10):  # past the renewal
        if t.size and (t.size == 6 or rng.random() < 0.5):
            t.drop(int(rng.integers(t.size)))
        else:
            t.add(int(rng.choice(np.setdiff1d(np.arange(7), t.subset))))
    fresh = Tableau(t.gram, 7)
    fresh.set(t.subset)
    k = t.size
    for got, expected in ((t.w, fresh.w), (t.c, fresh.c), (t.d, fresh.d), (t.A[:k], fresh.A[:k])):
        np.testing.assert_allclose(got, expected, atol=1e-9)
    np.testing.assert_allclose(t.H[:k, :k], fresh.H[:k, :k], rtol=1e-8)


def test_dependent_columns_gain_nothing():
    X, y, _ = problem(0)
    X[:, 3] = 2 * X[:, 0] - X[:, 1]
    t = Tableau(GramRows(UnitColumns(X, y, None, True, 0.0)), 7)
    t.set(np.array([0, 1]))
    assert t.gains()[3] == 0.0
    swapped = t.swap_gains()[3]  # 3 in place of 0 or 1 spans the same
    assert abs(swapped) < 1e-9
