"""Fits and scores of all folds are those of one estimator after the other."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression as Peer
from sklearn.metrics import get_scorer
from sklearn.model_selection import KFold

from panlearn.core.blocks import ArrayRows
from panlearn.linear_model import LogisticRegression
from panlearn.linear_model import logistic_paths as module
from panlearn.linear_model.logistic_paths import fit_folds, score_folds

CS, RATIOS = np.array([0.01, 0.1, 1.0]), [0.0, 0.5, 1.0]
SETTINGS = {"solver": "auto", "tol": 1e-9, "max_iter": 200}


def data(classes=2, n=90, p=4):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, p))
    return X, (X[:, :classes] + rng.gumbel(size=(n, classes))).argmax(axis=1)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("large", [0, 1_000_000])
def test_matches_peer(classes, large, monkeypatch):
    monkeypatch.setattr(module, "LARGE", large)
    X, y = data(classes)
    weight = np.random.default_rng(1).random(len(y)) + 0.5
    folds = list(KFold(3).split(X))
    paths = fit_folds(ArrayRows(X, y, weight), classes, [f[0] for f in folds], RATIOS, CS, True, SETTINGS)
    assert paths.coefs.shape == (3, 3, 3, 1 if classes == 2 else classes, 5)
    assert (paths.norms <= 1e-9).all()
    scorer = get_scorer("neg_log_loss")
    table = score_folds(X, y, np.arange(classes), folds, paths, scorer, {"sample_weight": weight})
    for fold, (train, test) in enumerate(folds):
        for i, ratio in enumerate(RATIOS):
            peer = Peer(C=CS[1], l1_ratio=ratio, solver="saga", tol=1e-8, max_iter=20_000, random_state=0)
            peer.fit(X[train], y[train], weight[train])
            np.testing.assert_allclose(paths.coefs[fold, i, 1, :, :-1], peer.coef_, atol=1e-5)
            one = LogisticRegression(C=CS[1], l1_ratio=ratio, tol=1e-9).fit(X[train], y[train], weight[train])
            score = scorer(one, X[test], y[test], sample_weight=weight[test])
            np.testing.assert_allclose(table[fold, i, 1], score, atol=1e-7)


def test_a_fold_that_lacks_a_class():
    X, y = data(3)
    order = np.argsort(y, kind="stable")
    X, y = X[order], y[order]
    folds = [(np.flatnonzero(y != k), np.flatnonzero(y == k)) for k in range(3)]
    paths = fit_folds(ArrayRows(X, y), 3, [f[0] for f in folds], [0.0], CS, True, SETTINGS)
    table = score_folds(X, y, np.arange(3), folds, paths, get_scorer("neg_log_loss"), {})
    assert np.isfinite(table).all()
    assert (score_folds(X, y, np.arange(3), folds, paths, get_scorer("accuracy"), {}) == 0).all()
