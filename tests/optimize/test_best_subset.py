"""The search: equal to trying all subsets on small problems, never escaped by a swap on larger ones."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from panlearn.optimize.best_subset import best_subsets
from panlearn.optimize.unit_columns import UnitColumns
from tests.oracles.best_subset import least_squares, smallest, swap_exact


def planted(n=80, p=400, k=6, noise=0.5, correlation=0.5, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    for j in range(1, p):
        X[:, j] = correlation * X[:, j - 1] + np.sqrt(1 - correlation**2) * X[:, j]
    truth = rng.choice(p, k, replace=False)
    return X, X[:, truth] @ rng.choice([-1.0, 1.0], k) + noise * rng.normal(size=n), np.sort(truth)


def test_matches_exhaustive_search():
    """One size, whatever the shape, with correlated columns: the best subset in 97 of 100 problems, before any proof.

    Those missed have as many columns as rows; `subset_bounds` finds them.
    """
    missed = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        n, p, ridge = int(rng.integers(2, 20)), int(rng.integers(2, 9)), [0.0, 0.2][seed % 2]
        k = int(rng.integers(1, p + 1))
        X = rng.normal(size=(n, p)) + rng.choice([0.0, 2.0]) * rng.normal(size=(n, 1))
        y = X[:, : 1 + p // 2].sum(axis=1) + rng.choice([0.1, 3.0]) * rng.normal(size=n)
        data = UnitColumns(X, y, None, True, ridge * n)
        best = best_subsets(data, k, [k]).best
        error = (data.square - best[max(best)].explained) / (2 * n)  # fewer columns where more would not help
        exact = smallest(lambda c: least_squares(X, y, c, ridge), p, k)[0]
        assert error >= exact - 1e-9 * y.var()
        if error > exact + 1e-9 * y.var():
            missed.append(seed)
    assert len(missed) <= 6


@settings(max_examples=10)
@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.3]))
def test_path_of_small_problems(seed, ridge):
    """No size is worse than forward selection's, none is better than exhaustive search's; ends are exact."""
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(25, 7)) + rng.normal(size=(25, 1)), rng.normal(size=25)
    data = UnitColumns(X, y, None, True, ridge * 25)
    best, greedy = best_subsets(data, 7, range(1, 8)).best, []
    for k in range(1, 8):
        greedy.append(min(set(range(7)) - set(greedy), key=lambda j: least_squares(X, y, [*greedy, j], ridge)))
        error = (data.square - best[k].explained) / 50
        exact = smallest(lambda c: least_squares(X, y, c, ridge), 7, k)[0]
        assert exact - 1e-9 <= error <= least_squares(X, y, greedy, ridge) + 1e-9
        assert k not in (1, 7) or error <= exact + 1e-9


def test_no_swap_escapes():
    """Against every column, also those that never were in the working set."""
    X, y, _ = planted(noise=3.0)
    found = best_subsets(UnitColumns(X, y, None, True, 0.0), 5, [5])
    assert 5 in found.inescapable
    assert swap_exact(X, y, found.best[5].columns.tolist())


def test_finds_the_planted_columns():
    for correlation in (0.0, 0.9):
        X, y, truth = planted(p=2000, correlation=correlation, noise=0.3, n=150)
        best = best_subsets(UnitColumns(X, y, None, True, 0.0), 6, [6]).best
        np.testing.assert_array_equal(np.sort(best[6].columns), truth)


def test_more_walks_are_no_worse():
    X, y, _ = planted(noise=5.0, correlation=0.9)
    data = UnitColumns(X, y, None, True, 0.0)
    few, many = (best_subsets(data, 12, range(1, 13), max_iter=m) for m in (1, 5))
    assert all(many.best[k].explained >= few.best[k].explained - 1e-9 * data.square for k in range(13))
    assert many.walks >= few.walks
    explained = [many.best[k].explained for k in range(13)]
    assert np.all(np.diff(explained) > 0)


def test_the_climb_ends_where_columns_do_not_pay():
    X, y, truth = planted(noise=0.3)
    data = UnitColumns(X, y, None, True, 0.0)
    found = best_subsets(data, 70, range(1, 71), price=0.01 * data.square)
    assert max(found.best) < 30
    cheapest = max(found.best, key=lambda k: found.best[k].explained - 0.01 * data.square * k)
    np.testing.assert_array_equal(np.sort(found.best[cheapest].columns), truth)
