"""Centred and weighted columns equal the matrix that is never formed."""

import numpy as np
import pytest
from scipy import sparse

from panlearn.core.errors import DataError
from panlearn.optimize.centred_columns import CentredColumns


def data(n=30, p=80, seed=0):
    rng = np.random.default_rng(seed)
    X = np.where(rng.random((n, p)) < 0.03, rng.normal(size=(n, p)) + 5, 0.0)
    return X, rng.normal(size=n), rng.integers(0, 3, n).astype(float)


@pytest.mark.parametrize("form", [np.asfortranarray, np.ascontiguousarray, sparse.csc_array, np.float32])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("intercept", [False, True])
def test_matches_the_formed_matrix(form, weighted, intercept):
    X, y, weight = data()
    share = weight / weight.sum() if weighted else np.full(len(y), 1 / len(y))
    mean = share @ X if intercept else np.zeros(X.shape[1])
    Z, t = np.sqrt(share)[:, None] * (X - mean), np.sqrt(share) * (y - (share @ y if intercept else 0))
    found, rtol = (
        CentredColumns(form(X), weight if weighted else None, intercept),
        1e-5 if form is np.float32 else 1e-12,
    )
    np.testing.assert_allclose(found.mean, mean, atol=rtol)
    np.testing.assert_allclose(found.target(y)[0], t, atol=1e-12)
    R = np.column_stack([t, Z[:, 3]])
    np.testing.assert_allclose(found.pull(R), Z.T @ R, atol=10 * rtol)
    few, more = np.array([5, 2, 60]), np.array([7, 8])
    A, B = found.take(few), found.take(more)
    np.testing.assert_allclose(found.gram(A, few, B, more), Z[:, few].T @ Z[:, more], atol=rtol)
    np.testing.assert_allclose(found.gram(A, few, A, few), Z[:, few].T @ Z[:, few], atol=rtol)
    np.testing.assert_allclose(found.products(A, few, t), Z[:, few].T @ t, atol=rtol)
    np.testing.assert_allclose(found.combine(A, few, np.eye(3)), Z[:, few], atol=rtol)


def test_threads_change_nothing_but_rounding():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, 700))
    for form in (np.asarray, sparse.csc_array):
        columns = CentredColumns(form(X))
        R, chosen = rng.normal(size=(2000, 3)), np.arange(0, 600, 2)
        Z = (X - X.mean(axis=0)) / np.sqrt(2000)
        np.testing.assert_allclose(columns.pull(R), Z.T @ R, atol=1e-10)
        A = columns.take(chosen)
        np.testing.assert_allclose(columns.gram(A, chosen, A, chosen), Z[:, chosen].T @ Z[:, chosen], atol=1e-10)


def test_a_known_gram_matrix_is_used_or_refused():
    X = data()[0]
    X = X - X.mean(axis=0)
    columns, chosen = CentredColumns(X), np.array([1, 4])
    columns.accept_gram(X.T @ X)
    np.testing.assert_allclose(columns.gram(None, chosen, None, chosen), (X.T @ X / len(X))[np.ix_(chosen, chosen)])
    with pytest.raises(DataError, match="did not pass validation"):
        CentredColumns(X).accept_gram(np.eye(80))
    with pytest.raises(DataError, match="shape"):
        CentredColumns(X).accept_gram(np.eye(3))
    with pytest.warns(UserWarning, match="recomputing Gram matrix"):
        CentredColumns(X + 1).accept_gram(X.T @ X)
