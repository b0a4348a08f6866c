"""Kernels of the E step with missing values, one at a time; the step as a whole is in test_missing_gaussian.py."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from panlearn.mixture import missing_kernels as kernels


@given(st.integers(1, 6), st.integers(0, 10_000))
@settings(max_examples=60)
def test_one_factor_conditions_as_inverses_do(d, seed):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(d, d))
    S, mean, x = root @ root.T + 0.1 * np.eye(d), rng.normal(size=d), rng.normal(size=d)
    x[rng.random(d) < 0.5] = np.nan
    order, U, solved, deviation = np.empty(d, np.int64), np.empty((d, d)), np.empty(d), np.empty(d)
    seen = kernels.arrange(x, order)
    assert sorted(order.tolist()) == list(range(d))
    o, m = order[:seen], order[seen:]
    assert np.isfinite(x[o]).all()
    assert np.isnan(x[m]).all()
    kernels.factorise(S, order, U)
    value = kernels.condition(x, mean, order, seen, U, solved, deviation)
    u = np.linalg.solve(S[np.ix_(o, o)], x[o] - mean[o])
    log_det = np.linalg.slogdet(S[np.ix_(o, o)])[1]
    np.testing.assert_allclose(value, -0.5 * ((x[o] - mean[o]) @ u + log_det + seen * np.log(2 * np.pi)), atol=1e-9)
    np.testing.assert_allclose(deviation[m], S[np.ix_(m, o)] @ u, atol=1e-9)
    spread = np.zeros((d, d))
    kernels.add_spread(order, seen, U, 2.0, spread)
    C = S[np.ix_(m, m)] - S[np.ix_(m, o)] @ np.linalg.solve(S[np.ix_(o, o)], S[np.ix_(o, m)])
    np.testing.assert_allclose(np.tril(spread[np.ix_(m, m)]), np.tril(2 * C), atol=1e-9)
    assert not spread[o].any()
    assert not spread[:, o].any()


def test_patterns_are_compared_by_their_gaps_alone():
    a, b = np.array([1.0, np.nan, 2.0]), np.array([5.0, np.nan, -1.0])
    assert kernels.same_pattern(a, b)
    assert not kernels.same_pattern(a, np.array([1.0, 2.0, np.nan]))


def test_shares_survive_huge_and_impossible():
    joint = np.array([-1e5, -1e5 - np.log(3), -np.inf])
    np.testing.assert_allclose(kernels.share(joint), -1e5 + np.log(4 / 3))
    np.testing.assert_allclose(joint, [0.75, 0.25, 0.0], rtol=1e-10)
    assert np.isnan(kernels.share(np.array([np.nan, 0.0])))


def test_indefinite_matrix_has_no_factor():
    U = np.empty((2, 2))
    kernels.factorise(np.array([[1.0, 2.0], [2.0, 1.0]]), np.arange(2), U)
    assert np.isnan(U[1, 1])
