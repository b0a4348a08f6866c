"""Linear support vector regression: the quadratic programme, LIBLINEAR, optimality, the tube, bad data."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn import svm as peers
from sklearn.exceptions import ConvergenceWarning

from panlearn.svm import LinearSVR
from tests.oracles import linear_machine as oracle

Peer: Any = peers.LinearSVR
LOSSES = ["epsilon_insensitive", "squared_epsilon_insensitive"]


def data(n=60, p=4, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    return X, X @ rng.normal(size=p) + 0.5 * rng.normal(size=n) + 1


def value(model, X, y, weight=None, scaling=1.0):
    C = model.C * (np.ones(len(y)) if weight is None else weight)
    b = float(np.ravel(model.intercept_)[0])
    return oracle.objective(model.coef_, b, X, y, C, model.loss, epsilon=model.epsilon, scaling=scaling)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("scaling", [1.0, np.inf, 0.0])
@pytest.mark.parametrize(("n", "p"), [(25, 2), (12, 20)])
def test_matches_oracle(loss, scaling, n, p):
    X, y = data(n, p)
    weight = np.random.default_rng(1).random(n) + 0.1
    intercept: Any = {"fit_intercept": scaling > 0, "intercept_scaling": scaling or 1.0}
    model = LinearSVR(loss=loss, epsilon=0.2, **intercept, tol=1e-6, max_iter=100_000, random_state=0)
    best = oracle.best(X, y, weight, loss, epsilon=0.2, scaling=scaling)
    for features in (X, sparse.csr_array(X)):
        found = value(model.fit(features, y, weight), X, y, weight, scaling)
        assert found <= best * (1 + 1e-4) + 1e-6
        assert np.isclose(found, model.objective_, rtol=1e-5)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(("n", "p"), [(60, 4), (40, 100)])
def test_matches_peer(loss, n, p):
    X, y = data(n, p)
    theirs = Peer(loss=loss, epsilon=0.1, dual=True, tol=1e-8, max_iter=200_000, random_state=0).fit(X, y)
    ours = LinearSVR(loss=loss, epsilon=0.1, tol=1e-6, max_iter=100_000, random_state=0)
    for features in (X, sparse.csr_matrix(X)):
        np.testing.assert_allclose(ours.fit(features, y).coef_, theirs.coef_, atol=1e-3)
        np.testing.assert_allclose(ours.predict(features), theirs.predict(X), atol=2e-3)
    assert ours.intercept_.shape == theirs.intercept_.shape


@pytest.mark.parametrize("loss", LOSSES)
def test_optimality(loss):
    """The pull of the rows outside the tube is the penalty's pull back; those inside have none."""
    X, y = data(300, 3)
    model = LinearSVR(loss=loss, epsilon=0.3, tol=1e-8).fit(X, y)
    r = model.predict(X) - y
    over = np.maximum(0, np.abs(r) - 0.3)
    if loss.startswith("squared"):
        np.testing.assert_allclose(model.coef_ + 2 * X.T @ (np.sign(r) * over), 0, atol=1e-5)
    else:
        edge = np.abs(np.abs(r) - 0.3) < 1e-5
        assert edge.sum() <= 4
        rest = model.coef_ + X[~edge].T @ (np.sign(r) * (over > 0))[~edge]
        pulls = np.linalg.lstsq(X[edge].T, -rest, rcond=None)[0]  # forces of the rows on the edge
        assert (pulls * np.sign(r[edge]) >= -1e-4).all()
        assert (np.abs(pulls) <= 1 + 1e-4).all()
    assert 0 <= model.dual_gap_ <= 1e-6 * model.objective_


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000), st.sampled_from(LOSSES))
def test_invariances(seed, loss):
    X, y = data(40, 3, seed)
    rng = np.random.default_rng(seed)
    times, order = rng.integers(0, 4, 40), rng.permutation(40)
    model = LinearSVR(loss=loss, epsilon=0.2, tol=1e-7, random_state=0)
    base = model.fit(X, y).coef_.copy()
    np.testing.assert_allclose(model.fit(X[order], y[order]).coef_, base, atol=1e-3)
    np.testing.assert_allclose(model.fit(X, -y).coef_, -base, atol=1e-3)
    repeated = model.fit(np.repeat(X, times, axis=0), np.repeat(y, times)).predict(X)
    np.testing.assert_allclose(model.fit(X, y, times).predict(X), repeated, atol=5e-3)
    free = LinearSVR(loss=loss, epsilon=0.2, intercept_scaling=np.inf, tol=1e-7)
    np.testing.assert_allclose(free.fit(X, y + 1e4).coef_, free.fit(X, y).coef_, atol=1e-3)


def test_edge_cases():
    X, y = data()
    for loss in LOSSES:
        wide = LinearSVR(loss=loss, epsilon=100.0).fit(X, y)  # the tube holds every row
        np.testing.assert_allclose(wide.coef_, 0, atol=1e-6)
        flat = LinearSVR(loss=loss, intercept_scaling=np.inf).fit(X, np.full(60, 7.0))
        np.testing.assert_allclose(flat.predict(X), 7, atol=1e-4)
        assert not LinearSVR(loss=loss).fit(np.zeros((5, 3)), [1.0, 2, 3, 4, 5]).coef_.any()
        one = LinearSVR(loss=loss).fit(X[:1], y[:1])
        assert np.isfinite(one.predict(X)).all()
        assert LinearSVR(loss=loss).fit(X.astype(np.float32), y).coef_.dtype == np.float32
    with pytest.raises(ValueError, match="are not supported when dual=False"):
        LinearSVR(dual=False).fit(X, y)
    with pytest.raises(ValueError, match="contains NaN"):
        LinearSVR().fit(np.where(X[3, 1] == X, np.nan, X), y)
    with pytest.raises(ValueError, match="at least one non-zero number"):
        LinearSVR().fit(X, y, np.zeros(60))
    with pytest.raises(ValueError, match="'epsilon' parameter of LinearSVR"):
        LinearSVR(epsilon=-1.0).fit(X, y)
    with pytest.warns(ConvergenceWarning, match=r"failed to converge.*duality gap"):
        LinearSVR(max_iter=2).fit(X, y)


def test_reproducible():
    X, y = data(50, 200)
    first = LinearSVR(random_state=1, max_iter=5000).fit(X, y).coef_
    np.testing.assert_array_equal(LinearSVR(random_state=1, max_iter=5000).fit(X, y).coef_, first)
