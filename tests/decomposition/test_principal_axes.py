"""Every route finds the axes; the choice among them follows shape and condition."""

import numpy as np
import pytest
import scipy.sparse as sp

from panlearn.core.blocks import ArrayRows
from panlearn.decomposition.principal_axes import Search, axes_of, choose_route, principal_axes
from panlearn.decomposition.scatter import scatter_of

ROUTES = ("covariance_eigh", "full", "randomized", "arpack")


def search(**settings) -> Search:
    return Search(np.random.RandomState(0), **settings)


def graded(n: int, p: int, ratio: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Rows with known singular values, from 1 down to `ratio`."""
    rng = np.random.default_rng(seed)
    m = min(n - 1, p)
    U = np.linalg.qr(np.column_stack([np.ones(n), rng.normal(size=(n, m))]))[0][:, 1:]
    V = np.linalg.qr(rng.normal(size=(p, m)))[0]
    s = np.geomspace(1, ratio, m)
    return (U * s) @ V.T, s


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("shape", [(60, 12), (12, 60)])
@pytest.mark.parametrize("weighted", [False, True])
def test_routes_agree(route, shape, weighted):
    X, _ = graded(*shape, ratio=0.1)
    weight = np.random.default_rng(1).integers(1, 4, shape[0]).astype(float) if weighted else None
    rows = X if weight is None else np.repeat(X, weight.astype(int), axis=0)
    s = np.linalg.svd(rows - rows.mean(axis=0), compute_uv=False)
    found = principal_axes(ArrayRows(X + 7.0, None, weight), 3, route, search(tol=1e-12))
    np.testing.assert_allclose(found.squares[:3], s[:3] ** 2, rtol=1e-9)
    np.testing.assert_allclose(found.total, (s**2).sum(), rtol=1e-12)
    np.testing.assert_allclose(found.mean, rows.mean(axis=0) + 7.0, rtol=1e-12)
    assert found.residual < 1e-5
    assert found.correlation < 1e-9
    assert found.route == route


@pytest.mark.parametrize("shape", [(80, 10), (10, 80)])
def test_auto_keeps_digits_that_the_covariance_loses(shape):
    """Singular values down to 1e-9 of the first: their squares drown in the covariance, not in the rows."""
    X, s = graded(*shape, ratio=1e-9)
    found = principal_axes(ArrayRows(X), len(s), "auto", search())
    assert found.route == "full"
    np.testing.assert_allclose(np.sqrt(found.squares[: len(s)]), s, rtol=1e-5)
    few = principal_axes(ArrayRows(X), 2, "auto", search())  # nothing is lost of the first two
    assert few.route == "covariance_eigh"


def test_choice_by_shape():
    assert choose_route(1e6, 100, 10, all_values=False) == "covariance_eigh"
    assert choose_route(2e4, 5000, 50, all_values=False) == "randomized"
    assert choose_route(2e4, 5000, 50, all_values=True) == "covariance_eigh"
    assert choose_route(30, 500, 30, all_values=False) == "full"
    assert choose_route(np.inf, 100, 5, all_values=False) == "covariance_eigh"


@pytest.mark.parametrize("route", ["auto", "covariance_eigh", "randomized", "arpack"])
def test_sparse_rows_are_dense_rows(route):
    X = sp.random_array((90, 20), density=0.3, format="csr", rng=np.random.default_rng(0))
    a = principal_axes(ArrayRows(X), 4, route, search(tol=1e-10))
    b = principal_axes(ArrayRows(X.toarray()), 4, "full", search())
    np.testing.assert_allclose(a.squares[:4], b.squares[:4], rtol=1e-8)
    np.testing.assert_allclose(np.abs((a.components[:4] * b.components[:4]).sum(axis=1)), 1, atol=1e-6)


def test_a_number_of_passes_is_obeyed():
    X, _ = graded(300, 200, 0.5)
    errors = []
    for power in (0, 2, 5):
        found = principal_axes(ArrayRows(X), 5, "randomized", search(power=power))
        assert found.n_iter == power + 1
        errors.append(found.squares.sum())
    assert errors == sorted(errors)


@pytest.mark.parametrize("route", ROUTES)
def test_what_is_not_finite_is_returned_as_such(route):
    X, _ = graded(30, 8, 0.5)
    X[3, 3] = np.nan
    assert not np.isfinite(principal_axes(ArrayRows(X), 2, route, search()).total)


def test_axes_of_a_scatter_matrix_whole_and_in_part():
    X, s = graded(50, 9, 0.2)
    scatter = scatter_of(ArrayRows(X))
    for k in (None, 2):
        found = axes_of(scatter, k)
        np.testing.assert_allclose(found.squares, s[: len(found.squares)] ** 2, rtol=1e-10)
        assert len(found.squares) == (k or 9)
