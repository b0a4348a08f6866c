"""Linear support vector classification: the quadratic programme, LIBLINEAR, optimality, intercepts, bad data."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn import svm as peers
from sklearn.exceptions import ConvergenceWarning

from panlearn.svm import SVC, LinearSVC
from tests.oracles import linear_machine as oracle

Peer: Any = peers.LinearSVC


def data(n=60, p=4, seed=0, classes=2):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    z = X @ rng.normal(size=p) + 0.7 * rng.normal(size=n) + 0.3
    return X, np.digitize(z, np.quantile(z, np.arange(1, classes) / classes))


def value(model, X, y, weight=None, scaling=1.0):
    """The objective of each machine, at its coefficients."""
    C = model.C * (np.ones(len(y)) if weight is None else weight)
    W, b = np.atleast_2d(model.coef_), np.ravel(model.intercept_) * np.ones(len(model.coef_))
    labels = model.classes_[1:] if len(W) == 1 else model.classes_
    settings = {"scaling": scaling, "absolute": model.penalty == "l1"}
    return np.array(
        [
            oracle.objective(W[k], b[k], X, np.where(y == labels[k], 1, -1), C, model.loss, **settings)
            for k in range(len(W))
        ]
    )


CASES = [{"loss": "hinge"}, {"loss": "squared_hinge"}, {"penalty": "l1"}]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("scaling", [1.0, 0.1, np.inf, 0.0])
@pytest.mark.parametrize(("n", "p"), [(30, 2), (14, 20)])
def test_matches_oracle(case, scaling, n, p):
    X, y = data(n, p)
    if case.get("penalty") == "l1" and scaling == np.inf and p > n:
        y[0] = 1 - y[0]
    weight = np.random.default_rng(1).random(n) + 0.1
    intercept = {"fit_intercept": scaling > 0, "intercept_scaling": scaling or 1.0}
    model = LinearSVC(**case, **intercept, tol=1e-7, max_iter=100_000, random_state=0)
    absolute = model.penalty == "l1"
    best = oracle.best(X, np.where(y > 0, 1.0, -1.0), weight, model.loss, scaling=scaling, absolute=absolute)
    for features in (X, sparse.csr_array(X)):
        found = value(model.fit(features, y, weight), X, y, weight, scaling)
        assert found <= best * (1 + 1e-5) + 1e-7
        np.testing.assert_allclose(model.objective_, found, rtol=1e-6)


@pytest.mark.parametrize("loss", ["hinge", "squared_hinge"])
@pytest.mark.parametrize(("n", "p", "classes"), [(60, 4, 2), (40, 100, 2), (90, 3, 3)])
def test_matches_peer(loss, n, p, classes):
    X, y = data(n, p, classes=classes)
    ours = LinearSVC(loss=loss, tol=1e-7, max_iter=100_000, random_state=0)
    theirs = Peer(loss=loss, dual=True, tol=1e-8, max_iter=1_000_000, random_state=0).fit(X, y)
    for features in (X, sparse.csr_matrix(X)):
        np.testing.assert_allclose(ours.fit(features, y).coef_, theirs.coef_, atol=2e-4)
        np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=2e-4)
        np.testing.assert_allclose(ours.decision_function(features), theirs.decision_function(X), atol=1e-3)
    for weights in ({0: 3.0}, "balanced"):
        theirs = Peer(loss=loss, dual=True, class_weight=weights, tol=1e-8, max_iter=1_000_000, random_state=0).fit(
            X, y, np.arange(n)
        )
        ours = LinearSVC(loss=loss, class_weight=weights, tol=1e-7, max_iter=100_000, random_state=0)
        np.testing.assert_allclose(ours.fit(X, y, np.arange(n)).coef_, theirs.coef_, atol=1e-3)


@pytest.mark.parametrize("scaling", [1.0, 10.0])
def test_absolute_values_match_peer(scaling):
    X, y = data(80, 30)
    settings: Any = {"penalty": "l1", "C": 0.3, "intercept_scaling": scaling}
    theirs = Peer(dual=False, tol=1e-8, max_iter=100_000, **settings).fit(X, y)
    ours = LinearSVC(**settings).fit(X, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-5)
    np.testing.assert_array_equal(ours.coef_ == 0, theirs.coef_ == 0)


def test_crammer_singer_matches_peer():
    for n, p in ((40, 3), (30, 60)):
        X, y = data(n, p, classes=3)
        theirs = Peer(multi_class="crammer_singer", tol=1e-4, max_iter=20_000, C=0.03, random_state=0).fit(X, y)
        ours = LinearSVC(multi_class="crammer_singer", tol=1e-4, max_iter=20_000, C=0.03, random_state=0)
        for features in (X, sparse.csr_array(X)):
            np.testing.assert_allclose(ours.fit(features, y).coef_, theirs.coef_, atol=2e-3)
        found = oracle.crammer_singer(ours.coef_, ours.intercept_, X, y, np.full(n, 0.03))
        assert np.isclose(found, ours.objective_[0], rtol=1e-9)


def test_crammer_singer_with_two_classes():
    """Two classes: the hinge with |w|^2 / 4, hence twice the C."""
    X, y = data(80, 3)
    both = LinearSVC(multi_class="crammer_singer", C=0.02, tol=1e-6, max_iter=20_000, random_state=0).fit(X, y)
    one = LinearSVC(loss="hinge", C=0.04, tol=1e-7).fit(X, y)
    assert both.coef_.shape == (1, 3)
    np.testing.assert_allclose(both.coef_, one.coef_, atol=1e-3)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(("n", "p"), [(200, 5), (50, 150)])
def test_optimality(case, n, p):
    """No step away from the solution goes down, and the gap bounds what any other weights reach."""
    X, y = data(n, p)
    model = LinearSVC(**case, tol=1e-6, max_iter=100_000, random_state=0).fit(X, y)
    base, rng = value(model, X, y), np.random.default_rng(0)
    assert model.dual_gap_[0] <= 1e-4 * base
    coef, intercept = model.coef_.copy(), model.intercept_.copy()
    for size in (1e-1, 1e-3):
        for _ in range(20):
            model.coef_ = coef + size * rng.normal(size=coef.shape)
            model.intercept_ = intercept + size * rng.normal()
            slack = model.dual_gap_[0] if model.penalty == "l2" else 1e-9
            assert value(model, X, y) >= base - slack


@pytest.mark.parametrize("loss", ["hinge", "squared_hinge"])
def test_free_intercept(loss):
    """intercept_scaling = inf: the slopes of the losses balance, and data far from 0 make no difference."""
    for n, p in ((200, 3), (40, 90)):
        X, y = data(n, p)
        model = LinearSVC(loss=loss, intercept_scaling=np.inf, tol=1e-5, max_iter=100_000, random_state=0).fit(X, y)
        far = LinearSVC(loss=loss, intercept_scaling=np.inf, tol=1e-5, max_iter=100_000, random_state=0).fit(X + 20, y)
        np.testing.assert_allclose(far.decision_function(X + 20), model.decision_function(X), atol=3e-3)
    X, y = data(300, 3)
    if loss == "hinge":
        exact = SVC(kernel="linear", tol=1e-8).fit(X, y)
        model = LinearSVC(loss=loss, intercept_scaling=np.inf, tol=1e-8).fit(X, y)
        np.testing.assert_allclose(model.coef_, exact.coef_, atol=1e-4)
        np.testing.assert_allclose(model.intercept_, exact.intercept_, atol=1e-4)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 1000), st.sampled_from(CASES))
def test_invariances(seed, case):
    X, y = data(40, 3, seed)
    rng = np.random.default_rng(seed)
    times = rng.integers(0, 4, 40)
    times[np.unique(y, return_index=True)[1]] += 1
    model = LinearSVC(**case, tol=1e-8, max_iter=10_000, random_state=0)
    base, order = model.fit(X, y).coef_.copy(), rng.permutation(40)
    np.testing.assert_allclose(model.fit(X[order], y[order]).coef_, base, atol=2e-4)
    np.testing.assert_allclose(model.fit(X, 1 - y).coef_, -base, atol=2e-4)
    np.testing.assert_allclose(model.fit(sparse.csc_array(X), y).coef_, base, atol=2e-4)
    repeated = model.fit(np.repeat(X, times, axis=0), np.repeat(y, times)).coef_.copy()
    np.testing.assert_allclose(model.fit(X, y, times).coef_, repeated, atol=2e-4)
    names = np.array(["no", "yes"])
    np.testing.assert_array_equal(model.fit(X, names[y]).predict(X), names[model.fit(X, y).predict(X)])


@pytest.mark.parametrize("loss", ["hinge", "squared_hinge"])
def test_routes_agree(loss):
    """The same rows, dense (Gram matrices) and with empty columns beside them (coordinate descent)."""
    X, y = data(150, 6)
    wide = sparse.hstack([sparse.csr_array(X), sparse.csr_array((150, 500))], format="csr")
    dense = LinearSVC(loss=loss, tol=1e-8).fit(X, y)
    descent = LinearSVC(loss=loss, tol=1e-8, max_iter=100_000, random_state=0).fit(wide, y)
    np.testing.assert_allclose(descent.coef_[:, :6], dense.coef_, atol=1e-4)
    assert not descent.coef_[:, 6:].any()


def test_edge_cases():
    X, y = data()
    with pytest.raises(ValueError, match="only one class"):
        LinearSVC().fit(X, np.zeros(60))
    with pytest.raises(ValueError, match="contains NaN"):
        LinearSVC().fit(np.where(X[3, 1] == X, np.nan, X), y)
    with pytest.raises(ValueError, match="Intercept scaling is 0 but needs to be greater than 0"):
        LinearSVC(intercept_scaling=0).fit(X, y)
    with pytest.raises(ValueError, match="'C' parameter of LinearSVC must be a float in the range"):
        LinearSVC(C=-1).fit(X, y)
    with pytest.raises(ValueError, match=r"penalty='l1' and loss='hinge' is not supported"):
        LinearSVC(penalty="l1", loss="hinge").fit(X, y)
    with pytest.raises(ValueError, match=r"penalty='l2' and loss='hinge' are not supported when dual=False"):
        LinearSVC(loss="hinge", dual=False).fit(X, y)
    with pytest.raises(ValueError, match="rows of positive weight in each class"):
        LinearSVC().fit(X, y, y)
    for loss in ("hinge", "squared_hinge"):
        same = LinearSVC(loss=loss).fit(np.ones((6, 2)), [0, 1, 0, 1, 1, 1])  # all points identical
        assert same.predict([[1.0, 1.0]]) == [1]
        assert not LinearSVC(loss=loss).fit(np.zeros((4, 3)), [0, 1, 0, 1]).coef_.any()
        twins = LinearSVC(loss=loss).fit(np.repeat(X, 2, axis=0), np.tile([0, 1], 60))  # opposite labels
        np.testing.assert_allclose(twins.coef_, 0, atol=1e-6)
        constant = LinearSVC(loss=loss).fit(np.column_stack([X, X, np.zeros(60)]), y)
        np.testing.assert_allclose(constant.coef_[0, :4], constant.coef_[0, 4:8], atol=1e-5)
        assert constant.coef_[0, 8] == 0
        tiny, huge = (LinearSVC(loss=loss, C=1 / s**2, intercept_scaling=s).fit(X * s, y) for s in (1e-7, 1e7))
        np.testing.assert_allclose(tiny.coef_ * 1e-7, huge.coef_ * 1e7, rtol=1e-4, atol=1e-8)
        empty = LinearSVC(loss=loss).fit(sparse.csr_array((4, 300)), [0, 1, 1, 1])
        assert (empty.predict(sparse.csr_array((2, 300))) == 1).all()
        assert LinearSVC(loss=loss, random_state=0).fit(X.astype(np.float32), y).coef_.dtype == np.float32
    rare = LinearSVC().fit(X, np.arange(60) == 0)
    assert np.isfinite(rare.coef_).all()


def test_stops_short():
    X, y = data(60, 200)
    with pytest.warns(ConvergenceWarning, match=r"failed to converge, increase the number of iterations.* duality gap"):
        LinearSVC(loss="hinge", max_iter=2).fit(X, y)
    X, y = data(60, 3)
    with pytest.warns(ConvergenceWarning, match="failed to converge"):
        LinearSVC(max_iter=1).fit(X, y)


def test_no_intercept():
    X, y = data()
    model = LinearSVC(fit_intercept=False).fit(X, y)
    assert model.intercept_ == 0.0
    np.testing.assert_allclose(model.decision_function(X), X @ model.coef_[0])


def test_reproducible():
    X, y = data(100, 300)
    first = LinearSVC(loss="hinge", random_state=3).fit(X, y).coef_
    np.testing.assert_array_equal(LinearSVC(loss="hinge", random_state=3).fit(X, y).coef_, first)
    X, y = data(5000, 5)
    np.testing.assert_array_equal(LinearSVC().fit(X, y).coef_, LinearSVC().fit(X, y).coef_)
