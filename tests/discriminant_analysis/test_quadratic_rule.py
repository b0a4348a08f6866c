"""Ellipsoids of classes: densities written out, ranks, digits."""

import numpy as np
from scipy import sparse
from scipy.stats import multivariate_normal

from panlearn.core.blocks import ArrayRows
from panlearn.discriminant_analysis.quadratic_rule import Ellipsoid, ellipsoid, is_doubtful, log_densities, refined


def of(covariance, tol=1e-4) -> Ellipsoid:
    found = ellipsoid(covariance, tol)
    assert not isinstance(found, int)
    return found


def test_densities_match_their_definition():
    rng = np.random.default_rng(0)
    covariances = [np.cov(rng.normal(size=(3, 20))) for _ in range(2)]
    means, X = rng.normal(size=(2, 3)), rng.normal(size=(400, 3))
    classes = [of(covariance) for covariance in covariances]
    offsets = np.array([-0.5 * found.log_determinant - 1.5 * np.log(2 * np.pi) for found in classes])
    expected = np.column_stack(
        [multivariate_normal(m, S).logpdf(X) for m, S in zip(means, covariances, strict=True)]  # type: ignore[arg-type]
    )
    np.testing.assert_allclose(log_densities(X, means, classes, offsets), expected, rtol=1e-10)
    np.testing.assert_allclose(log_densities(sparse.csr_array(X), means, classes, offsets), expected, rtol=1e-10)


def test_axes():
    found = of(np.array([[2.0, 1.0], [1.0, 2.0]]))
    np.testing.assert_allclose(found.scaling, [3.0, 1.0])
    np.testing.assert_allclose((found.rotation * found.scaling) @ found.rotation.T, [[2.0, 1.0], [1.0, 2.0]])
    np.testing.assert_allclose(found.whitener @ found.whitener.T, np.linalg.inv([[2.0, 1.0], [1.0, 2.0]]))


def test_rank_and_units():
    assert ellipsoid(np.diag([1.0, 0.0]), 1e-4) == 1
    tiny = of(np.diag([1e-10, 4e-10]))  # small units are no lack of rank
    np.testing.assert_allclose(tiny.log_determinant, np.log(4e-20))


def test_refined_has_the_digits_that_the_matrix_lost():
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(2000, 2))
    X = np.column_stack([1e4 * Z[:, 0], 1e4 * Z[:, 0] + 0.1 * Z[:, 1]])
    X -= X.mean(axis=0)
    y = np.zeros(2000, dtype=int)
    rough = of(X.T @ X / 2000)
    assert is_doubtful(rough)
    found = refined(ArrayRows(X, y), 0, np.zeros(2), X.var(axis=0), 2000.0)
    determinant = np.linalg.slogdet(np.column_stack([X[:, 0] / 1e4, (X[:, 1] - X[:, 0]) / 0.1]).T @ Z / 2000)[1]
    assert abs(found.log_determinant - 2 * np.log(1e4 * 0.1) - determinant) < 0.01
    np.testing.assert_allclose(found.scaling.prod(), np.exp(found.log_determinant), rtol=1e-6)
