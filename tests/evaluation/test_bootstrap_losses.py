"""The out-of-bag loss and its standard error against all n^n samples, and against the spread over data sets."""

from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, Ridge

from panlearn.core.errors import DataError
from panlearn.evaluation import bootstrap_score
from panlearn.evaluation.bootstrap_losses import Influence, Problem, chance_left_out, influences
from tests.oracles.bootstrap_error import all_draws, error, influence

N = 4
DRAWS = all_draws(N)


class AllSamples(Problem):
    """Sample number b instead of a random one."""

    def counts(self, seed: int) -> np.ndarray:
        return DRAWS[seed]


def problem(y: np.ndarray, **changes: Any) -> AllSamples:
    rows = np.arange(y.size)
    fixed = AllSamples(None, None, y, y, np.empty(0), None, rows, [rows], False, "neg_mean_squared_error")
    return fixed._replace(**changes)


def sums(y: np.ndarray, rule):
    losses = np.array([rule(counts) for counts in DRAWS])
    out = DRAWS == 0
    return (losses * out).sum(axis=0), out.sum(axis=0), (losses * out).sum(axis=1) / N / (1 - 1 / N) ** N


@pytest.mark.parametrize("kind", ["mean", "nearest"])
def test_matches_oracle(kind):
    """With every one of the 256 samples of four rows, each as likely as the next."""
    x, y = np.array([0.0, 1.0, 3.0, 7.0]), np.array([1.0, 0.5, 2.0, -1.0])

    def rule(counts: np.ndarray) -> np.ndarray:
        if kind == "mean":
            return (y - counts @ y / counts.sum()) ** 2
        drawn = np.flatnonzero(counts)
        return (y - y[drawn[np.abs(x[:, None] - x[drawn]).argmin(axis=1)]]) ** 2

    out_of_bag, found = influences(problem(y), np.arange(len(DRAWS)), *sums(y, rule))
    assert out_of_bag == pytest.approx(error(np.full(N, 1 / N), rule))
    np.testing.assert_allclose(found.as_test + found.as_training, influence(rule, N), rtol=1e-5)


def test_matches_the_formula_of_the_paper():
    """D_i = (2 + 1/(n-1)) (E_i - Err1)/n + e_n cov(N_i, q), equation 40 of [efron1997]."""
    y = np.array([1.0, 0.5, 2.0, -1.0])

    def rule(counts: np.ndarray) -> np.ndarray:
        return (y - counts @ y / counts.sum()) ** 2

    total, tests, _ = sums(y, rule)
    E = total / tests
    q = np.array([rule(counts) @ (counts == 0) / N for counts in DRAWS])
    covariance = (DRAWS - 1).T @ (q - q.mean()) / len(DRAWS)
    expected = (2 + 1 / (N - 1)) * (E - E.mean()) / N + (1 - 1 / N) ** -N * covariance
    _, found = influences(problem(y), np.arange(len(DRAWS)), *sums(y, rule))
    np.testing.assert_allclose(found.as_test + found.as_training, expected, rtol=1e-9)


def test_standard_error_is_the_spread_over_data_sets():
    """Somewhat above it in small samples, as the paper found as well; never far below."""
    rng = np.random.default_rng(0)
    found = []
    for seed in range(50):
        X = rng.normal(size=(40, 3))
        y = X.sum(axis=1) + rng.uniform(-1, 1, 40)
        score = bootstrap_score(
            LinearRegression(),
            X,
            y,
            n_splits=25,
            random_state=seed,
            scoring="neg_mean_squared_error",
            method="out_of_bag",
        )
        found.append((score.out_of_bag, score.standard_error))
    scores, errors = np.array(found).T
    assert 0.9 < np.sqrt(np.mean(errors**2)) / scores.std(ddof=1) < 1.6


def test_noise_of_few_samples_is_taken_off():
    """Twenty samples give the standard error of many, on average; with their noise it would be far too large."""
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(60, 3)), rng.normal(size=60)
    few = [bootstrap_score(Ridge(), X, y, n_splits=20, random_state=s).standard_error for s in range(12)]
    many = bootstrap_score(Ridge(), X, y, n_splits=300, random_state=99).standard_error
    assert np.mean(few) == pytest.approx(many, rel=0.25)


def test_standard_error_is_at_least_that_of_the_test_rows():
    assert Influence(np.array([3.0, -3.0, 1.0]), np.zeros(3), noise=100.0).standard_error() == pytest.approx(19**0.5)


def test_chances():
    assert chance_left_out([np.array([0, 2]), np.array([1])]).tolist() == [0.25, 0.0, 0.25]


def test_rows_that_are_never_left_out():
    with pytest.raises(DataError, match="raise n_splits"):
        influences(problem(np.zeros(N)), np.array([0]), np.zeros(N), np.zeros(N), np.zeros(1))
