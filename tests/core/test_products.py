"""X v and X'u by three routes: dense, small sparse, large sparse on threads."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

import panlearn
from panlearn.core import threads
from panlearn.core.products import MatrixProducts, SparseProducts, products_of


@pytest.fixture
def ungated(monkeypatch):
    """Threads at any size, so that small problems show what large ones do."""
    monkeypatch.setattr(threads, "GATE", 0)


def problem(n=300, p=12, k=2, density=0.3, seed=0):
    rng = np.random.default_rng(seed)
    X = sparse.random_array((n, p), density=density, format="csr", rng=rng)
    return X, rng.normal(size=(p, k)), rng.normal(size=(n, k)), rng.random((n, k))


def results(products, V, U, H):
    vector, total = products.curvature(H[:, 0], V[:, 0], 0.25)
    return products.forward(V), products.back(U), products.squares(H), vector, total


def assert_same(got, true, precision=1e-11):
    """Curvature is allowed the rounding of X to float32; everything else keeps its digits."""
    for i, (a, b) in enumerate(zip(got, true, strict=True)):
        assert np.shape(a) == np.shape(b)
        np.testing.assert_allclose(a, b, rtol=max(precision, 1e-6 if i > 2 else 0), atol=1e-12 if i < 3 else 1e-6)


def by_definition(X, V, U, H):
    X = X.toarray()
    factors = H[:, 0] * (X @ V[:, 0] + 0.25)
    return X @ V, X.T @ U, (X**2).T @ H, X.T @ factors, factors.sum()


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("shape", [(300, 12), (1, 1), (2, 40), (40, 1), (7, 3)])
def test_matches_oracle(ungated, shape, count):
    X, V, U, H = problem(*shape)
    with panlearn.threads(count):
        for products in (MatrixProducts(X.toarray()), MatrixProducts(X), SparseProducts(X)):
            assert_same(results(products, V, U, H), by_definition(X, V, U, H))


@given(st.integers(1, 20), st.integers(1, 6), st.integers(1, 3), st.sampled_from([0.0, 0.2, 1.0]), st.integers(0, 99))
def test_invariances(n, p, k, density, seed):
    """The routes agree, and X' is the adjoint of X: u.(Xv) = (X'u).v."""
    X, V, U, H = problem(n, p, k, density, seed)
    routes = [results(products, V, U, H) for products in (MatrixProducts(X.toarray()), SparseProducts(X))]
    assert_same(routes[1], routes[0])
    products = SparseProducts(X)
    np.testing.assert_allclose((U * products.forward(V)).sum(), (products.back(U) * V).sum(), rtol=1e-9, atol=1e-11)


def test_the_kind_of_matrix_decides():
    large = sparse.random_array((6000, 100), density=0.9, format="csr", rng=np.random.default_rng(0))
    assert isinstance(products_of(large), SparseProducts)
    assert isinstance(products_of(large[:100]), MatrixProducts)
    assert isinstance(products_of(large.toarray()), MatrixProducts)


@pytest.mark.parametrize("form", [sparse.csr_matrix, sparse.csc_array, sparse.coo_array])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_forms(form, dtype):
    X, V, U, H = problem()
    X = X.astype(dtype)
    exact = by_definition(X.astype(np.float64), V, U, H)
    assert_same(results(SparseProducts(form(X)), V, U, H), exact, 1e-5 if dtype == np.float32 else 1e-11)


def test_edge_cases(ungated):
    X, V, U, H = problem(50, 4)
    with panlearn.threads(2):
        empty = SparseProducts(sparse.csr_array((50, 4)))
        assert not empty.forward(V).any()
        assert not empty.back(U).any()
        vector, total = empty.curvature(H[:, 0], V[:, 0], 2.0)
        assert not vector.any()
        assert np.isclose(total, 2 * H[:, 0].sum())
        columns_of_more = np.asfortranarray(np.hstack([U, U]))[:, ::2]  # not contiguous
        np.testing.assert_allclose(SparseProducts(X).back(columns_of_more), X.T @ columns_of_more, rtol=1e-11)
        twice = sparse.csr_array((np.array([1.0, 2.0]), np.array([0, 0]), np.array([0, 2])), shape=(1, 1))
        assert SparseProducts(twice).squares(np.ones((1, 1))) == [[9.0]]
        assert SparseProducts(twice).curvature(np.ones(1), np.ones(1), 0.0) == ([9.0], 3.0)
        huge = SparseProducts(sparse.csr_array([[1e60], [2e60]]))  # beyond float32
        np.testing.assert_allclose(huge.curvature(np.ones(2), np.ones(1), 0.0)[0], [5e120], rtol=1e-6)


def test_reproducible(ungated):
    """Each thread sums into an array of its own and the arrays are added in order: no race, the same bits each time."""
    X, V, U, H = problem(5000, 30)
    products = SparseProducts(X)
    for count in (2, 3):
        with panlearn.threads(count):
            first = results(products, V, U, H)
            for _ in range(20):
                for a, b in zip(results(products, V, U, H), first, strict=True):
                    np.testing.assert_array_equal(a, b)


def test_nothing_given_is_changed(ungated):
    X, V, U, H = problem()
    before = [X.copy().toarray(), V.copy(), U.copy(), H.copy()]
    with panlearn.threads(2):
        results(SparseProducts(X), V, U, H)
    for array, copy in zip((X.toarray(), V, U, H), before, strict=True):
        np.testing.assert_array_equal(array, copy)
