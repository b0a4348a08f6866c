"""Block Krylov spaces against dense eigenvalues."""

import numpy as np
import pytest
import scipy.sparse as sp

from panlearn.core.blocks import ArrayRows
from panlearn.decomposition.block_krylov import block_width, krylov, largest_correlation, leading_pairs, product_with
from panlearn.decomposition.scatter import spread_of


def spectrum(values: np.ndarray, n: int, seed: int = 0) -> np.ndarray:
    """Centred rows whose scatter matrix has these eigenvalues, plus an offset."""
    rng = np.random.default_rng(seed)
    p = len(values)
    U = np.linalg.qr(np.column_stack([np.ones(n), rng.normal(size=(n, p))]))[0][:, 1:]
    V = np.linalg.qr(rng.normal(size=(p, p)))[0]
    return U * np.sqrt(values) @ V.T + rng.normal(size=p)


def pairs(X, k, **settings):
    source = ArrayRows(X)
    settings = {"tol": 1e-6, "passes": 40, "width": block_width(k, X.shape[1])} | settings
    return leading_pairs(source, spread_of(source), k, random=np.random.RandomState(0), **settings)


@pytest.mark.parametrize("decay", [lambda i: 0.7**i, lambda i: 1 / (1 + i), lambda i: 1 + 0.01 * i[::-1]])
def test_the_stopping_rule_keeps_its_word(decay):
    values = np.sort(decay(np.arange(150)))[::-1]
    found = pairs(spectrum(values, 400), 10)
    missed = 1 - found.values.sum() / values[:10].sum()
    assert -1e-12 < missed < 1e-5
    np.testing.assert_allclose(found.vectors.T @ found.vectors, np.eye(10), atol=1e-12)


def test_more_passes_than_subspace_iteration_needs_are_not_needed():
    """After as many passes, the Krylov space holds the space of subspace iteration."""
    values = 1 / (1.0 + np.arange(200))
    X = spectrum(values, 400)
    Z = X - X.mean(axis=0)
    Q = np.random.RandomState(0).standard_normal((200, 20))
    for _ in range(4):
        Q = np.linalg.qr(Z.T @ (Z @ Q))[0]
    plain = np.linalg.svd(Z @ Q, compute_uv=False)[:10] ** 2
    ours = krylov(
        product_with(ArrayRows(X), X.mean(axis=0), np.float64),
        Q * 0 + np.random.RandomState(0).standard_normal((200, 20)),
        10,
        tol=0.0,
        passes=5,
    )
    assert ours.values.sum() > plain.sum()
    assert ours.n_iter == 5


def test_wide_spectra_leave_single_precision():
    """Variances of 1 beside one of 1e12 drown in float32, so that all passes are float64."""
    values = np.append(1e12, np.geomspace(1, 0.01, 80))
    found = pairs(spectrum(values, 300), 5)
    np.testing.assert_allclose(found.values[0], 1e12, rtol=1e-9)
    np.testing.assert_allclose(found.values[1:], values[1:5], rtol=1e-3)


@pytest.mark.parametrize("scale", [1e-140, 1e-20, 1e20, 1e140])
def test_any_scale(scale):
    X = spectrum(0.8 ** np.arange(60), 200)
    np.testing.assert_allclose(pairs(X * scale, 3).values, pairs(X, 3).values * scale**2, rtol=1e-5)


def test_rank_below_the_number_wanted():
    """Directions without variance are filled up with orthonormal ones."""
    X = spectrum(np.append([3.0, 2.0], np.zeros(30)), 50)
    found = pairs(X, 12)
    np.testing.assert_allclose(found.values, [3, 2, *[0] * 10], atol=1e-10)
    np.testing.assert_allclose(found.vectors.T @ found.vectors, np.eye(12), atol=1e-10)
    assert pairs(np.ones((40, 20)), 9).values.max() < 1e-20


def test_sparse_products_centre_implicitly():
    X = sp.random_array((300, 40), density=0.1, format="csr", rng=np.random.default_rng(0))
    mean, Q = X.mean(axis=0), np.random.default_rng(1).normal(size=(40, 3))
    Z = X.toarray() - mean
    weight = np.arange(300.0)
    for w in (None, weight):
        expected = Z.T @ ((Z @ Q) * (np.ones(300) if w is None else w)[:, None])
        for rows in (X, X.toarray()):
            found = product_with(ArrayRows(rows, None, w), mean, np.float64)(Q)
            np.testing.assert_allclose(found, expected, atol=2e-9 if w is None else 1e-6)


def test_largest_correlation():
    C = np.array([[4.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    assert largest_correlation(C) == 0.5
    assert largest_correlation(np.zeros((2, 2))) == 0.0
