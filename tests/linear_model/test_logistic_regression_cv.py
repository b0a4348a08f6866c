"""Cross-validated logistic regression: scikit-learn's choice, attributes in both forms, routing and refusals."""

from typing import Any

import numpy as np
import pytest
from scipy import sparse
from sklearn import config_context
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegressionCV as Peer
from sklearn.metrics import get_scorer
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.preprocessing import StandardScaler

import panlearn
from panlearn.linear_model import LogisticRegression, LogisticRegressionCV
from tests.oracles import cross_entropy as oracle

NEW = {"use_legacy_attributes": False, "scoring": "neg_log_loss", "tol": 1e-7}


def data(load=load_iris):
    X, y = load(return_X_y=True)
    return StandardScaler().fit_transform(X), y


def test_matches_oracle():
    """The scores are minus the mean losses on the fold of the minimiser over the others."""
    X, y = data()
    X, y = X[::3], y[::3]
    model = LogisticRegressionCV(Cs=[0.1, 1.0], cv=3, l1_ratios=(0,), **NEW).fit(X, y)
    for fold, (train, test) in enumerate(StratifiedKFold(3).split(X, y)):
        theta = model.coefs_paths_[fold, 0, 1].T
        alpha = 1 / (1.0 * len(train))
        assert np.abs(oracle.gradient(theta, X[train], y[train], np.ones(len(train)), alpha)).max() < 1e-6
        losses = [oracle.loss(row @ theta[:-1] + theta[-1], k) for row, k in zip(X[test], y[test], strict=True)]
        np.testing.assert_allclose(model.scores_[fold, 0, 1], -np.mean(losses), rtol=1e-9)


@pytest.mark.parametrize("load", [load_iris, load_breast_cancer])
@pytest.mark.parametrize("refit", [True, False])
@pytest.mark.parametrize("legacy", [True, False])
def test_matches_peer(load, refit, legacy):
    X, y = data(load)
    settings = {"refit": refit, "use_legacy_attributes": legacy, "scoring": "neg_log_loss", "cv": 4, "l1_ratios": (0,)}
    Cs: Any = [1e-3, 0.1, 10]
    ours = LogisticRegressionCV(tol=1e-8, Cs=Cs, **settings).fit(X, y)
    theirs = Peer(tol=1e-8, Cs=Cs, max_iter=5000, **settings).fit(X, y)
    np.testing.assert_array_equal(ours.C_, theirs.C_)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=2e-4)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=2e-4)
    np.testing.assert_array_equal(np.asarray(ours.l1_ratio_, float), np.asarray(theirs.l1_ratio_, float))
    assert ours.n_iter_.shape == theirs.n_iter_.shape
    for name, tol in (("scores_", 1e-5), ("coefs_paths_", 2e-3)):
        mine, other = getattr(ours, name), getattr(theirs, name)
        if not legacy:
            mine, other = {0: mine}, {0: other}
        assert list(mine) == list(other)
        for label in mine:
            np.testing.assert_allclose(mine[label], other[label], atol=tol)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"l1_ratios": (0.2, 0.9)},
        {"l1_ratios": (1,), "fit_intercept": False},
        {"Cs": 3, "refit": False},
        {"l1_ratios": None},
        {"penalty": "l1"},
    ],
)
@pytest.mark.parametrize("legacy", ["warn", False])
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning")
def test_attributes_have_the_peers_shapes(settings, legacy):
    X, y = data()
    for labels in (y, np.where(y == 0, "a", "b")):
        settings = {"Cs": [0.1, 1], "cv": 3, "solver": "saga", "use_legacy_attributes": legacy, "tol": 1e-2, **settings}
        ours, theirs = (cls(**settings).fit(X, labels) for cls in (LogisticRegressionCV, Peer))
        for name in (
            "C_",
            "l1_ratio_",
            "l1_ratios_",
            "Cs_",
            "n_iter_",
            "coef_",
            "intercept_",
            "scores_",
            "coefs_paths_",
        ):
            mine, other = getattr(ours, name), getattr(theirs, name)
            assert type(mine) is type(other), name
            for key in mine if isinstance(mine, dict) else [0]:
                a, b = (mine, other) if not isinstance(mine, dict) else (mine[key], other[key])
                assert np.asarray(a).shape == np.asarray(b).shape, name


def test_equals_a_grid_search():
    X, y = data(load_breast_cancer)
    grid = {"C": [0.01, 0.1, 1.0], "l1_ratio": [0.0, 0.5, 1.0]}
    search = GridSearchCV(LogisticRegression(tol=1e-7), grid, scoring="neg_log_loss", cv=3).fit(X, y)
    model = LogisticRegressionCV(Cs=grid["C"], l1_ratios=grid["l1_ratio"], cv=3, **NEW).fit(X, y)
    assert {"C": model.C_, "l1_ratio": model.l1_ratio_} == search.best_params_
    np.testing.assert_allclose(model.scores_.mean(axis=0).max(), search.best_score_, rtol=1e-5)
    np.testing.assert_allclose(model.coef_, search.best_estimator_.coef_, atol=1e-4)


def test_optimality():
    X, y = data()
    model = LogisticRegressionCV(Cs=[0.1, 1.0], l1_ratios=(1,), cv=3, **NEW).fit(X, y)
    assert 0 <= model.dual_gap_ < 1e-4
    assert model.gradient_norm_ <= 1e-7
    assert "duality gap" in model.certificate_
    averaged = LogisticRegressionCV(Cs=[0.1, 1.0], l1_ratios=(0,), cv=3, refit=False, **NEW).fit(X, y)
    best = averaged.scores_[:, 0].argmax(axis=1)
    chosen = averaged.coefs_paths_[np.arange(3), 0, best]
    np.testing.assert_allclose(averaged.coef_, chosen[..., :-1].mean(axis=0))
    assert averaged.Cs_[best].mean() == averaged.C_


def test_invariances():
    X, y = data()
    model = LogisticRegressionCV(Cs=3, l1_ratios=(0, 1), cv=3, **NEW).fit(X, y)
    thin = LogisticRegressionCV(Cs=3, l1_ratios=(0, 1), cv=3, **NEW).fit(sparse.csr_matrix(X), y)
    np.testing.assert_allclose(thin.coef_, model.coef_, atol=1e-4)
    assert (thin.C_, thin.l1_ratio_) == (model.C_, model.l1_ratio_)
    labels = np.array(["x", "y", "z"])[y]
    np.testing.assert_allclose(
        LogisticRegressionCV(Cs=3, l1_ratios=(0, 1), cv=3, **NEW).fit(X, labels).coef_, model.coef_, atol=1e-10
    )
    weighted = LogisticRegressionCV(Cs=3, l1_ratios=(0, 1), cv=3, **NEW).fit(X, y, np.full(len(y), 1.0))
    np.testing.assert_allclose(weighted.coef_, model.coef_, atol=1e-6)


def test_edge_cases():
    X, y = data()
    with pytest.raises(ValueError, match="l1_ratios must be an array-like of numbers between 0 and 1"):
        LogisticRegressionCV(l1_ratios=(0.5, 2.0)).fit(X, y)
    with pytest.raises(ValueError, match="only one class"):
        LogisticRegressionCV().fit(X, np.zeros(len(y)))
    with pytest.raises(ValueError, match="class_weight dict must have the class labels"):
        LogisticRegressionCV(class_weight={7: 1.0}).fit(X, y)
    with pytest.raises(ValueError, match="supports only 'l2' or None"):
        LogisticRegressionCV(solver="lbfgs", l1_ratios=(1,)).fit(X, y)
    with pytest.raises(ValueError, match="is only supported if enable_metadata_routing=True"):
        LogisticRegressionCV().fit(X, y, groups=y)
    with pytest.raises(ValueError, match="'Cs' parameter of LogisticRegressionCV"):
        LogisticRegressionCV(Cs=0).fit(X, y)
    with pytest.warns(ConvergenceWarning, match=r"of 7 fits have a gradient norm above tol"):
        LogisticRegressionCV(Cs=[0.1, 1.0], cv=3, max_iter=1, tol=1e-9).fit(X, y)
    with pytest.warns(FutureWarning, match="'l1_ratios=None' was deprecated"):
        LogisticRegressionCV(Cs=2, l1_ratios=None).fit(X, y)
    one = LogisticRegressionCV(Cs=[np.inf], cv=2, tol=1e-3).fit(X, y % 2)
    assert one.C_[0] == np.inf
    assert LogisticRegressionCV(Cs=2, cv=3, class_weight="balanced").fit(X, y == 0).score(X, y == 0) == 1.0


def test_scores_and_routing():
    X, y = data(load_breast_cancer)
    weight = np.where(y == 0, 5.0, 1.0)
    model = LogisticRegressionCV(Cs=2, cv=3, scoring="balanced_accuracy").fit(X, y)
    assert model.score(X, y) == get_scorer("balanced_accuracy")(model, X, y)
    plain = LogisticRegressionCV(Cs=2, cv=3, use_legacy_attributes=False).fit(X, y, weight)
    assert plain.score(X, y, weight) == pytest.approx(np.average(plain.predict(X) == y, weights=weight))
    with config_context(enable_metadata_routing=True):
        asked = get_scorer("accuracy").set_score_request(sample_weight=True)
        routed = LogisticRegressionCV(Cs=2, cv=3, scoring=asked, use_legacy_attributes=False)
        np.testing.assert_allclose(routed.fit(X, y, sample_weight=weight).scores_, plain.scores_)
        deaf = get_scorer("accuracy").set_score_request(sample_weight=False)
        with pytest.raises(TypeError, match="not routed to any object"):
            LogisticRegressionCV(Cs=2, cv=3, scoring=deaf).fit(X, y).score(X, y, sample_weight=weight)


def test_reproducible():
    X, y = data(load_breast_cancer)
    with panlearn.threads(2):
        first, second = (LogisticRegressionCV(Cs=3, l1_ratios=(0, 1)).fit(X, y).coef_ for _ in range(2))
    np.testing.assert_array_equal(first, second)
