"""The E step in one pass over blocks, against row-by-row sums."""

from typing import Any

import numpy as np
import pytest
from scipy.stats import multivariate_normal

import panlearn
from panlearn.core.blocks import ArrayRows
from panlearn.mixture import gaussian_steps as module
from panlearn.mixture.gaussian_parameters import build
from panlearn.mixture.missing_gaussian import expectation as with_gaps
from tests.oracles.gaussian_mixture import log_density, matrices

normal: Any = multivariate_normal  # its stub takes a covariance for an int

KINDS = ("full", "tied", "diag", "spherical")


def problem(kind, n=300, k=3, d=2):
    rng = np.random.default_rng(0)
    A = rng.normal(size=(k, d, d))
    S = A @ A.transpose(0, 2, 1) + np.eye(d)
    part = {"full": S, "tied": S[0], "diag": np.einsum("kii->ki", S), "spherical": S[:, 0, 0]}[kind]
    return build(kind, np.array([0.2, 0.3, 0.5]), rng.normal(size=(k, d)), part, 0.0), 5 + 3 * rng.normal(size=(n, d))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_expectation(kind, dtype):
    p, X = problem(kind)
    X, weight = X.astype(dtype), np.random.default_rng(1).uniform(size=len(X))
    found = module.expectation(kind, p, ArrayRows(X, None, weight), np.array([4.0, 6.0]))
    expected = with_gaps(X, weight, np.log(p.weights), p.means, p.covariances, kind)  # the same sums, row by row
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-8)
    with panlearn.threads(1):
        alone = module.expectation(kind, p, ArrayRows(X, None, weight), np.array([4.0, 6.0]))
    np.testing.assert_allclose(alone.second, found.second, rtol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_log_joint(kind):
    p, X = problem(kind)
    S, origin = matrices(kind, p.covariances, 3, 2), np.zeros(2)
    np.testing.assert_allclose(module.log_joint(kind, p, X, origin, "sum"), log_density(X, p.weights, p.means, S))
    parts = zip(p.weights, p.means, S, strict=True)
    joint = np.column_stack([w * normal.pdf(X, m, c) for w, m, c in parts])
    shares = module.log_joint(kind, p, X, origin, "shares")
    np.testing.assert_allclose(shares, joint / joint.sum(axis=1, keepdims=True), atol=1e-12)
    assert (module.log_joint(kind, p, X, origin, "label") == joint.argmax(axis=1)).all()


def test_blocks_fit_the_cache():
    for k, d in ((1, 1), (16, 16), (20, 10), (500, 100)):
        for axes in (True, False):
            rows = module.block_rows(k, d, axes)
            assert rows % 8 == 0
            assert 64 <= rows <= 4096
