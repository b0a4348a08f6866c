"""SGDRegressor: the loop over rows, scikit-learn's trajectory, the exact minimum, edge cases."""

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn import linear_model as peers
from sklearn.exceptions import ConvergenceWarning

import panlearn
from panlearn.linear_model import Ridge, SGDRegressor
from tests.linear_model.test_stochastic_gradient import data
from tests.oracles import stochastic_gradient as oracle

Peer: Any = peers.SGDRegressor

LOSSES = list(SGDRegressor.loss_functions)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("penalty", ["l2", "l1", "elasticnet", None])
def test_matches_oracle(loss, penalty):
    X, y = data(40)
    share = {"l2": 0.0, "l1": 1.0, "elasticnet": 0.15, None: 0.0}[penalty]
    alpha = 0.05 if penalty else 0.0
    model = SGDRegressor(loss, penalty=penalty, alpha=0.05, shuffle=False, max_iter=3, tol=None).fit(X, y)
    w, b, *_, curve = oracle.descend(
        X, y, 3, name=loss, l1=alpha * share, l2=alpha * (1 - share), rate=lambda t: 0.01 / t**0.25
    )
    np.testing.assert_allclose(model.coef_, w, rtol=1e-9)
    np.testing.assert_allclose(model.intercept_, b, rtol=1e-9)
    np.testing.assert_allclose(model.loss_curve_, curve, rtol=1e-9)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"penalty": "elasticnet"},
        {"average": True},
        {"average": 500},
        {"learning_rate": "constant"},
        {"learning_rate": "adaptive"},
        {"early_stopping": True},
        {"loss": "epsilon_insensitive", "learning_rate": "pa1", "penalty": None},
        {"loss": "epsilon_insensitive", "learning_rate": "pa2"},
        {"fit_intercept": False, "loss": "huber"},
    ],
)
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_matches_peer(settings, form):
    """The same seed gives scikit-learn's steps: equal weights and equal stops, to rounding."""
    X, y = data()
    X[np.abs(X) < 0.5] = 0
    ours, theirs = SGDRegressor(random_state=3, **settings), Peer(random_state=3, **settings)
    for _ in range(1 if "average" in settings else 2):  # its warm start goes on averaging with the step counted from 1
        ours.fit(form(X), y)
        theirs.fit(form(X), y)
        np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=1e-9, atol=1e-12)
        assert (ours.n_iter_, ours.t_) == (theirs.n_iter_, theirs.t_)
        ours.set_params(warm_start=True)
        theirs.set_params(warm_start=True)


def test_optimality():
    """The average of the steps comes near the minimum, which ridge regression has exactly."""
    X, y = data(2000)
    settings = {"average": 20_000, "tol": None, "max_iter": 200, "random_state": 0}
    model = SGDRegressor(alpha=0.1, learning_rate="constant", **settings).fit(X, y)
    np.testing.assert_allclose(model.coef_, Ridge(alpha=0.1 * len(y)).fit(X, y).coef_, atol=5e-3)
    full = SGDRegressor(alpha=0.1, batch_size="full", learning_rate="constant", eta0=0.5, tol=None, max_iter=200)
    np.testing.assert_allclose(full.fit(X, y).coef_, Ridge(alpha=0.1 * len(y)).fit(X, y).coef_, rtol=1e-9)


@settings(max_examples=15)
@given(st.integers(0, 50), st.sampled_from(LOSSES))
def test_invariances(seed, loss):
    """Sparse = dense, columns in any order, and batch descent does not ask for the order of the rows."""
    X, y = data(60, seed=seed)
    rng, fit = np.random.default_rng(seed), SGDRegressor(loss, random_state=0, max_iter=5, tol=None)
    base, columns, rows = fit.fit(X, y).coef_, rng.permutation(4), rng.permutation(60)
    np.testing.assert_allclose(fit.fit(X[:, columns], y).coef_, base[columns], rtol=1e-9)
    no_intercept = fit.set_params(fit_intercept=False)
    dense = no_intercept.fit(X, y).coef_
    np.testing.assert_allclose(no_intercept.fit(sparse.csr_array(X), y).coef_, dense, rtol=1e-9)
    full = SGDRegressor(loss, batch_size="full", max_iter=5, tol=None)
    np.testing.assert_allclose(full.fit(X[rows], y[rows]).coef_, full.fit(X, y).coef_, atol=1e-9)
    times = rng.integers(1, 4, 60)
    repeated = full.fit(np.repeat(X, times, axis=0), np.repeat(y, times)).coef_
    weighted = full.fit(X, y, sample_weight=times / times.mean()).coef_
    np.testing.assert_allclose(weighted, repeated, atol=1e-9)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_edge_cases():
    X, y = data()
    one = SGDRegressor(max_iter=5, tol=None).fit([[1.0, 2.0]], [3.0])
    assert np.isfinite(one.coef_).all()
    for bad in (np.nan, np.inf):
        with pytest.raises(ValueError, match=r"contains (NaN|infinity)"):
            SGDRegressor().fit(np.where(X[3, 1] == X, bad, X), y)
    constant = SGDRegressor(random_state=0).fit(np.column_stack([X, np.ones(len(y))]), y)
    assert constant.score(np.column_stack([X, np.ones(len(y))]), y) > 0.9
    twice = SGDRegressor(random_state=0).fit(np.column_stack([X, X[:, 0]]), y)
    assert np.isclose(twice.coef_[0], twice.coef_[4])
    wide = SGDRegressor(alpha=1.0, random_state=0).fit(*data(20, 100))
    assert np.isfinite(wide.coef_).all()
    assert not SGDRegressor(random_state=0).fit(X, np.zeros(len(y))).coef_.any()
    assert not SGDRegressor(penalty="l1", alpha=100.0, random_state=0).fit(X, y).coef_.any()
    heavy = SGDRegressor(alpha=1e9, learning_rate="constant", max_iter=3, random_state=0).fit(X, y)
    last_step = 0.01 * np.abs(X * y[:, None]).max()  # the penalty wipes out all steps but the one after it
    assert np.abs(heavy.coef_).max() <= last_step
    tiny = SGDRegressor(random_state=0).fit(X * 1e-8, y)
    assert np.isfinite(tiny.coef_).all()
    nothing = SGDRegressor(max_iter=3, tol=None).fit(sparse.csr_array((5, 3)), np.ones(5))
    assert not nothing.coef_.any()
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        huge = SGDRegressor(loss="huber", random_state=0).fit(X * 1e8, y)
    assert np.isfinite(huge.coef_).all()


def test_units_of_y():
    """The squared error is homogeneous: y in other units gives weights in other units, step by step."""
    X, y = data()
    fit = SGDRegressor(max_iter=5, tol=None, random_state=0)
    np.testing.assert_allclose(fit.fit(X, 1e8 * y).coef_, 1e8 * fit.fit(X, y).coef_, rtol=1e-9)
    np.testing.assert_allclose(fit.fit(X, 1e-8 * y).coef_, 1e-8 * fit.fit(X, y).coef_, rtol=1e-9)


def test_learning_rates_of_the_notes():
    """Constant, 1/t and 1/sqrt(t): one step on one row shows the rate of that step."""
    for rate, expected in (
        ({"learning_rate": "constant"}, [0.1, 0.1, 0.1]),
        ({"learning_rate": "invscaling", "power_t": 1.0}, [0.1, 0.1 / 2, 0.1 / 3]),
        ({"learning_rate": "inverse_sqrt"}, [0.1, 0.1 / 2**0.5, 0.1 / 3**0.5]),
    ):
        model = SGDRegressor(alpha=0, fit_intercept=False, eta0=0.1, **rate)
        left = [1 - model.partial_fit([[1.0]], [1.0]).coef_[0] for _ in range(3)]
        rates = [1 - left[0], 1 - left[1] / left[0], 1 - left[2] / left[1]]
        np.testing.assert_allclose(rates, expected, rtol=1e-9)


def test_reproducible():
    X, y = data(20_000, 30)
    for threads in (1, 2):
        with panlearn.threads(threads), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            first, second = (SGDRegressor(max_iter=3, random_state=1).fit(X, y).coef_ for _ in range(2))
        np.testing.assert_array_equal(first, second)


def test_single_precision():
    X, y = data()
    double, single = SGDRegressor(random_state=0).fit(X, y), SGDRegressor(random_state=0).fit(X.astype(np.float32), y)
    assert single.coef_.dtype == single.intercept_.dtype == np.float32
    np.testing.assert_allclose(single.coef_, double.coef_, rtol=1e-4)
