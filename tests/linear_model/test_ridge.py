"""Ridge regression: the notes' example, shrinkage, peers, optimality."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn.linear_model import Ridge as Peer

import panlearn
from panlearn.linear_model import LinearRegression, Ridge
from tests.linear_model.test_linear_regression import data
from tests.oracles.least_squares import least_squares as oracle
from tests.oracles.least_squares import objective

SIX = np.array(
    [[78, 89, 68, 62, 66, 73, 77], [70, 77, 87, 95, 93, 77, 86], [61, 64, 60, 62, 71, 71, 60],
     [73, 56, 49, 66, 66, 68, 69], [79, 81, 73, 74, 81, 51, 70], [93, 85, 100, 100, 95, 97, 88]], dtype=float
)  # fmt: skip


def test_worked_example_of_the_notes():
    """Note 003 §1.4, which penalises the intercept; 0.3378 is misprinted there as 0.33 (errata)."""
    X, y = SIX[:3, :6], SIX[:3, 6]
    model = Ridge(alpha=0.1, penalize_intercept=True).fit(X, y)
    assert np.round(model.coef_, 2).tolist() == [0.19, 0.43, 0.39, 0.34, -0.07, -0.27]
    assert round(model.intercept_, 3) == -0.006
    assert np.round(model.predict(X), 3).tolist() == [76.998, 85.998, 60.005]
    penalty = 0.05 * (model.coef_ @ model.coef_ + model.intercept_**2)
    assert round(0.5 * ((y - model.predict(X)) ** 2).sum() + penalty, 3) == 0.028
    test = model.predict(SIX[3:, :6])
    assert np.round(test, 2).tolist() == [56.98, 84.58, 95.15]
    error = 0.5 * ((SIX[3:, 6] - test) ** 2).sum()
    assert (round(error + penalty, 2), round(error, 2)) == (204.11, 204.08)
    assert round(model.predict([[84, 74, 67, 79, 77, 77]])[0], 2) == 75.17


@pytest.mark.parametrize("penalize", [True, False])
@pytest.mark.parametrize("shape", [(60, 4), (6, 30)])
def test_matches_oracle(penalize, shape):
    X, y = data(*shape)
    coef, constant = oracle(X, y, 0.7, penalize_intercept=penalize)
    model = Ridge(alpha=0.7, penalize_intercept=penalize).fit(X, y)
    np.testing.assert_allclose(model.coef_, coef, rtol=1e-7, atol=1e-9)
    assert np.isclose(model.intercept_, constant)


@pytest.mark.parametrize("solver", ["auto", "cholesky", "svd", "lsqr", "sparse_cg", "sag", "saga", "lbfgs"])
@pytest.mark.parametrize("shape", [(80, 4), (5, 40)])
def test_matches_peer(solver, shape):
    X, y = data(shape[0], shape[1], 2)
    weight = np.random.default_rng(1).random(len(X))
    for alpha in (1e-3, 10.0, np.array([0.5, 50.0])):
        ours = Ridge(alpha=alpha, solver=solver).fit(X, y, weight)
        theirs = Peer(solver="svd").set_params(alpha=alpha).fit(X, y, weight)
        np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-6, atol=1e-8)
        np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=1e-6)
    bounded, theirs = Ridge(positive=True).fit(X, y[:, 0]), Peer(positive=True, tol=1e-12).fit(X, y[:, 0])
    np.testing.assert_allclose(bounded.coef_, theirs.coef_, atol=1e-4)
    assert (bounded.coef_ >= 0).all()


def test_optimality():
    X, y = data()
    model = Ridge(alpha=3.0).fit(X, y)
    gradient = X.T @ (model.predict(X) - y) + 3.0 * model.coef_
    assert np.abs(gradient).max() < 1e-9 * np.abs(X.T @ y).max()
    best = objective(X, y, model.coef_, model.intercept_, 3.0)
    assert best < objective(X, y, *oracle(X, y), 3.0)
    for step in 1e-3 * np.random.default_rng(2).normal(size=(20, 4)):
        assert objective(X, y, model.coef_ + step, model.intercept_, 3.0) > best


def test_each_singular_direction_shrinks_by_its_own_factor():
    X, y = data()
    Z = X - X.mean(axis=0)
    s, V = np.linalg.svd(Z)[1:]
    free, shrunk = LinearRegression().fit(X, y).coef_, Ridge(alpha=20.0).fit(X, y).coef_
    np.testing.assert_allclose(V @ shrunk, s**2 / (s**2 + 20.0) * (V @ free), rtol=1e-9)


@given(st.integers(0, 50), st.floats(0.01, 100))
def test_invariances(seed, scale):
    X, y = data(seed=seed)
    model = Ridge(alpha=2.0).fit(X, y)
    np.testing.assert_allclose(Ridge(alpha=2.0 * scale**2).fit(X * scale, y).coef_ * scale, model.coef_, rtol=1e-8)
    np.testing.assert_allclose(Ridge(alpha=2.0).fit(X, y + scale).intercept_ - scale, model.intercept_, rtol=1e-6)
    np.testing.assert_allclose(Ridge(alpha=2.0).fit(X[::-1], y[::-1]).coef_, model.coef_, rtol=1e-8)
    times = np.random.default_rng(seed).integers(0, 4, len(y))
    repeated = Ridge(alpha=2.0).fit(np.repeat(X, times, axis=0), np.repeat(y, times))
    np.testing.assert_allclose(Ridge(alpha=2.0).fit(X, y, times).coef_, repeated.coef_, rtol=1e-8)


def test_sparse_is_dense():
    for shape in ((200, 6), (40, 90)):
        X, y = data(*shape)
        X[np.random.default_rng(0).random(X.shape) < 0.6] = 0
        np.testing.assert_allclose(Ridge().fit(sparse.csr_array(X), y).coef_, Ridge().fit(X, y).coef_, rtol=1e-7)
        np.testing.assert_allclose(
            Ridge(penalize_intercept=True).fit(sparse.csr_array(X), y).coef_,
            Ridge(penalize_intercept=True).fit(X, y).coef_,
            rtol=1e-7,
        )


def test_edge_cases():
    X, y = data()
    np.testing.assert_allclose(Ridge(alpha=0.0).fit(X, y).coef_, LinearRegression().fit(X, y).coef_, rtol=1e-10)
    assert np.abs(Ridge(alpha=1e18).fit(X, y).coef_).max() < 1e-10
    assert np.isclose(Ridge(alpha=1e18).fit(X, y).intercept_, y.mean())
    assert (Ridge().fit(X, np.zeros(len(y))).coef_ == 0).all()
    assert Ridge().fit([[2.0]], [3.0]).predict([[7.0]]) == [3.0]
    twice = Ridge().fit(np.column_stack([X, X[:, 0]]), y)
    assert np.isclose(twice.coef_[0], twice.coef_[-1])
    for scale in (1e8, 1e-8):
        np.testing.assert_allclose(
            Ridge(alpha=scale**2).fit(scale * X, y).predict(scale * X), Ridge().fit(X, y).predict(X), rtol=1e-8
        )
    for bad in (-1.0, [1.0, 2.0, 3.0], [[1.0]], "much"):
        with pytest.raises(ValueError, match="alpha"):
            Ridge(alpha=bad).fit(X, y)


def test_reproducible():
    X, y = data(30_000, 10)
    with panlearn.threads(2):
        first, second = (Ridge().fit(X, y).coef_ for _ in range(2))
    np.testing.assert_array_equal(first, second)
