"""Rows with gaps: equal to completing each by itself."""

import numpy as np

from panlearn.sequence import conditional_gaussian
from tests.oracles import gaussian_hmm as oracle


def problem(K=3, n=40, p=3):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, p))
    X[rng.random(X.shape) < 0.4] = np.nan
    X[0] = np.nan
    A = rng.normal(size=(K, p, p))
    return X, rng.dirichlet(np.ones(K), n), rng.normal(size=(K, p)), A @ np.swapaxes(A, 1, 2) + 0.1 * np.eye(p)


def test_patterns_part_the_rows():
    X = problem()[0]
    parts = list(conditional_gaussian.patterns(X))
    assert sorted(np.concatenate([rows for _, rows in parts])) == list(range(len(X)))
    for seen, rows in parts:
        assert (~np.isnan(X[rows]) == seen).all()
    assert len(parts) == len({tuple(x) for x in np.isnan(X)})


def test_densities_and_moments_are_those_of_single_rows():
    X, shares, means, covariances = problem()
    logs = conditional_gaussian.log_densities(X, means, covariances)
    np.testing.assert_allclose(logs, np.log(oracle.likelihoods(X, means, covariances)), rtol=1e-10, atol=1e-12)
    assert (logs[0] == 0).all()
    found = conditional_gaussian.moments(X, shares, means, covariances)
    for a, b in zip(found, oracle.moments(X, shares, means, covariances), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-11)
