"""Unit columns: cross products are those of the centred, weighted, augmented matrix written out."""

import numpy as np
import pytest
from scipy import sparse

from panlearn.optimize.unit_columns import GramBlock, GramRows, UnitColumns


def written_out(X, y, weight, intercept, ridge):
    """Columns of length 1 and the target, with the rows of the ridge penalty."""
    weight = np.ones(len(y)) if weight is None else weight
    if intercept:
        X, y = X - weight @ X / weight.sum(), y - weight @ y / weight.sum()
    root = np.sqrt(weight)
    Z = np.vstack([X * root[:, None], np.sqrt(ridge) * np.eye(X.shape[1])])
    length = np.linalg.norm(Z, axis=0)
    return Z / np.where(length > 1e-9, length, np.inf), np.append(y * root, np.zeros(X.shape[1]))


@pytest.mark.parametrize("ridge", [0.0, 2.0])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("kind", ["dense", "float32", "sparse"])
def test_cross_products_match_definition(ridge, intercept, kind):
    rng = np.random.default_rng(0)
    X, y, weight = rng.normal(size=(12, 6)) * (rng.random((12, 6)) < 0.7), rng.normal(size=12), rng.random(12)
    X = X.astype(np.float32) if kind == "float32" else X
    Z, t = written_out(X.astype(np.float64), y, weight, intercept, ridge)
    given = sparse.csr_array(X) if kind == "sparse" else X
    data = UnitColumns(given, y, weight, intercept, ridge)
    tol = 1e-6 if kind == "float32" else 1e-12
    np.testing.assert_allclose(data.cross, Z.T @ t, atol=tol)
    np.testing.assert_allclose(data.square, t @ t, rtol=1e-12)
    some = np.array([4, 0, 3])
    np.testing.assert_allclose(GramBlock(data, some).G, (Z.T @ Z)[np.ix_(some, some)], atol=tol)
    rows = GramRows(data)
    for subset in (some, np.array([5, 0]), np.arange(6)):  # the second reuses a row
        table, places = rows.table(subset)
        np.testing.assert_allclose(table[places], (Z.T @ Z)[subset], atol=tol)
    w = data.refined(some)
    np.testing.assert_allclose(w, np.linalg.lstsq(Z[:, some], t)[0], atol=10 * tol)
    np.testing.assert_allclose(data.residual(some, w), (t - Z[:, some] @ w)[:12], atol=10 * tol)


def test_block_grows_by_columns():
    rng = np.random.default_rng(1)
    data = UnitColumns(rng.normal(size=(9, 7)), rng.normal(size=9), None, True, 0.0)
    grown = GramBlock(data, np.array([5, 1])).extended(np.array([0, 6]))
    np.testing.assert_allclose(grown.G, GramBlock(data, np.array([5, 1, 0, 6])).G, atol=1e-15)
    assert grown.places(np.array([6, 5])).tolist() == [3, 0]


def test_constant_columns_are_not_usable():
    X = np.column_stack([np.full(20, 1e8) / 3, np.arange(20.0) + 1e8, np.zeros(20)])
    data = UnitColumns(X, np.arange(20.0), None, True, 0.0)
    assert data.usable.tolist() == [False, True, False]
    assert UnitColumns(X, np.full(20, 0.1), None, True, 0.0).square == 0.0
    assert not UnitColumns(np.array([[np.nan], [1.0]]), np.zeros(2), None, True, 0.0).finite
