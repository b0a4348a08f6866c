"""Elastic net: brute force, scikit-learn, optimality, invariances, awkward data."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import ElasticNet as Peer

import panlearn
from panlearn.linear_model import ElasticNet, LinearRegression, Ridge
from tests.oracles.elastic_net import elastic_net as oracle


def data(n: int = 60, p: int = 5, seed: int = 0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + rng.normal(size=(n, 1)) + 2
    return X, X[:, 0] * 2 - X[:, 1] + rng.normal(size=n)


@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_matches_oracle(positive, intercept, weighted):
    X, y = data(30)
    weight = np.random.default_rng(1).random(30) if weighted else None
    columns = np.array([1.0, 0.5, 2.0, 0.0, 3.0])
    model = ElasticNet(
        0.3, l1_ratio=0.7, positive=positive, fit_intercept=intercept, penalty_weights=columns, tol=1e-13
    )
    model.fit(X, y, weight)
    coef, constant = oracle(X, y, 0.21 * columns, 0.09 * columns, weight, intercept, positive)
    np.testing.assert_allclose(model.coef_, coef, atol=1e-5)
    assert np.isclose(model.intercept_, constant, atol=1e-4)


@pytest.mark.parametrize("shape", [(60, 5), (25, 60), (200, 150)])
@pytest.mark.parametrize("ratio", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("positive", [False, True])
def test_matches_peer(shape, ratio, positive):
    X, y = data(*shape)
    weight = np.random.default_rng(1).random(len(y))
    for alpha in (0.1, 1.0):
        settings = {"alpha": alpha, "l1_ratio": ratio, "positive": positive, "tol": 1e-11}
        ours, theirs = ElasticNet(**settings), Peer(max_iter=1_000_000, **settings)
        for form in (np.asarray, sparse.csr_array):
            ours.fit(form(X), y, weight)
            theirs.fit(X, y, weight)
            np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-4)
            assert np.isclose(ours.intercept_, theirs.intercept_, atol=1e-3)
            assert ours.dual_gap_ <= 1e-11 * np.average((y - np.average(y, weights=weight)) ** 2, weights=weight)


def test_optimality():
    X, y = data(80, 200)
    model = ElasticNet(0.2, l1_ratio=0.6, tol=1e-13, max_iter=10_000).fit(X, y)
    pull = X.T @ (y - model.predict(X)) / len(y) - 0.08 * model.coef_
    used = model.coef_ != 0
    np.testing.assert_allclose(pull[used], 0.12 * np.sign(model.coef_[used]), atol=1e-5)
    assert np.abs(pull[~used]).max() <= 0.12 + 1e-5
    assert np.isclose(model.predict(X).mean(), y.mean())
    assert np.isclose(model.constraint_, np.abs(model.coef_).sum())


@pytest.mark.parametrize("alpha", [0.0, 0.5])
@pytest.mark.parametrize("shape", [(60, 5), (10, 30)])
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
@pytest.mark.filterwarnings("ignore:With alpha=0")
def test_without_absolute_values_it_is_ridge_or_least_squares(alpha, shape, form):
    X, y = data(*shape)
    model = ElasticNet(alpha, l1_ratio=0.0).fit(form(X), y)
    exact = Ridge(alpha * len(y)).fit(X, y) if alpha else LinearRegression().fit(X, y)
    np.testing.assert_allclose(model.predict(X), exact.predict(X), atol=1e-5)
    assert model.dual_gap_ < 1e-6
    assert model.n_iter_ >= 1


@given(st.integers(0, 30), st.floats(0.1, 10))
@settings(max_examples=25)
def test_invariances(seed, scale):
    X, y = data(seed=seed)
    model = ElasticNet(0.3, tol=1e-12).fit(X, y)
    rng = np.random.default_rng(seed)
    times = rng.integers(0, 4, len(y))
    pairs = [
        (ElasticNet(0.3, tol=1e-12).fit(X[::-1], y[::-1]).coef_, model.coef_),
        (ElasticNet(0.3 * scale, l1_ratio=1, tol=1e-12).fit(X, y * scale).coef_ / scale,
         ElasticNet(0.3, l1_ratio=1, tol=1e-12).fit(X, y).coef_),
        (ElasticNet(0.3, tol=1e-12).fit(X + scale, y - scale).coef_, model.coef_),
        (ElasticNet(0.3, tol=1e-12).fit(X, y, times).coef_,
         ElasticNet(0.3, tol=1e-12).fit(np.repeat(X, times, axis=0), np.repeat(y, times)).coef_),
        (ElasticNet(0.3 * scale, penalty_weights=np.full(5, 1 / scale), tol=1e-12).fit(X, y).coef_, model.coef_),
    ]  # fmt: skip
    for found, expected in pairs:
        np.testing.assert_allclose(found, expected, atol=1e-4)


def test_several_targets_are_fitted_one_by_one():
    X, y = data()
    Y = np.column_stack([y, -y, X[:, 2]])
    model = ElasticNet(0.1).fit(X, Y)
    for k in range(3):
        one = ElasticNet(0.1).fit(X, Y[:, k])
        np.testing.assert_array_equal(model.coef_[k], one.coef_)
        assert (model.n_iter_[k], model.dual_gap_[k], model.constraint_[k]) == (
            one.n_iter_,
            one.dual_gap_,
            one.constraint_,
        )
    assert model.predict(X).shape == Y.shape
    assert model.sparse_coef_.shape == (3, 5)
    assert ElasticNet(0.1).fit(X, Y[:, :1]).coef_.shape == (5,)


def test_warm_start_and_float32():
    X, y = data(100, 150)
    model = ElasticNet(0.05, warm_start=True).fit(X, y)
    assert model.n_iter_ > 0
    assert model.fit(X, y).n_iter_ == 0
    single = ElasticNet(0.05).fit(X.astype(np.float32), y.astype(np.float32))
    assert single.coef_.dtype == np.float32
    np.testing.assert_allclose(single.coef_, model.coef_, atol=5e-3)
    assert pickle.loads(pickle.dumps(model)).predict(X).tolist() == model.predict(X).tolist()


def test_edge_cases():
    X, y = data()
    assert (ElasticNet().fit(X, np.zeros(60)).coef_ == 0).all()
    zero = ElasticNet(1e6).fit(X, y)
    assert (zero.coef_ == 0).all()
    assert np.isclose(zero.intercept_, y.mean())
    assert ElasticNet(0.1).fit([[2.0]], [3.0]).predict([[7.0]]) == [3.0]
    constant = ElasticNet(0.1, tol=1e-10).fit(np.column_stack([X, np.full(60, 7.0)]), y)
    assert constant.coef_[-1] == 0
    twice = ElasticNet(0.1, tol=1e-13).fit(np.column_stack([X, X[:, 0]]), y)
    assert np.isclose(twice.coef_[0], twice.coef_[-1], atol=1e-4)
    small = ElasticNet(0.1, tol=1e-12).fit(X, y)
    for scale in (1e8, 1e-8):
        model = ElasticNet(0.05 * scale, l1_ratio=1.0, tol=1e-12).fit(scale * X, y)
        base = ElasticNet(0.05, l1_ratio=1.0, tol=1e-12).fit(X, y)
        np.testing.assert_allclose(model.coef_ * scale, base.coef_, atol=1e-4)
        tall = ElasticNet(0.1, tol=1e-12).fit(X, scale * y)
        assert np.isfinite(tall.coef_).all()
    np.testing.assert_allclose(ElasticNet(0.1, tol=1e-12).fit(X, y, 3.0).coef_, small.coef_)
    excluded = ElasticNet(0.1, penalty_weights=[np.inf, 1, 1, 1, 0]).fit(X, y)
    assert excluded.coef_[0] == 0 != excluded.coef_[4]


def test_a_known_gram_matrix():
    X, y = data(100, 120)
    X = X - X.mean(axis=0)
    known = ElasticNet(0.1, precompute=X.T @ X, tol=1e-10).fit(X, y)
    np.testing.assert_allclose(known.coef_, ElasticNet(0.1, tol=1e-10).fit(X, y).coef_, atol=1e-6)
    with pytest.raises(ValueError, match="did not pass validation"):
        ElasticNet(0.1, precompute=np.eye(120)).fit(X, y)


def test_bad_input_is_named():
    X, y = data()
    for value, match in ((np.nan, "NaN"), (np.inf, "infinity")):
        for intercept in (True, False):
            bad = X.copy()
            bad[2, 3] = value
            with pytest.raises(ValueError, match=match):
                ElasticNet(fit_intercept=intercept).fit(bad, y)
            with pytest.raises(ValueError, match=match):
                ElasticNet(fit_intercept=intercept).fit(sparse.csr_array(bad), y)
    for weights in ([1.0], [-1.0] * 5, [np.nan] * 5):
        with pytest.raises(ValueError, match="penalty_weights"):
            ElasticNet(penalty_weights=weights).fit(X, y)
    with pytest.raises(ValueError, match="eight"):
        ElasticNet().fit(X, y, np.zeros(60))
    with pytest.raises(ValueError, match="y must be dense"):
        ElasticNet().fit(X, sparse.csr_array(y[:, None]))
    with pytest.raises(ValueError, match="non-finite parameter"), np.errstate(over="ignore", invalid="ignore"):
        ElasticNet().fit(X * 1e300, y)
    with pytest.warns(ConvergenceWarning, match="the duality gap is .*max_iter"):
        ElasticNet(1e-4, max_iter=1, tol=1e-10).fit(X, y)


def test_nearly_collinear_columns_converge():
    """From zero weights, plain coordinate descent needs tens of thousands of sweeps here."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20, 40)) + 3
    y = 2 * X[:, 0] - X[:, 1] + rng.normal(size=20)
    model = ElasticNet(0.01, fit_intercept=False, tol=1e-9).fit(X, y)
    assert model.dual_gap_ <= 1e-9 * np.mean(y**2)


def test_reproducible():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, 600))
    y = X[:, :20].sum(axis=1) + rng.normal(size=2000)
    with panlearn.threads(2):
        first, second = (ElasticNet(0.05).fit(X, y).coef_ for _ in range(2))
    np.testing.assert_array_equal(first, second)
