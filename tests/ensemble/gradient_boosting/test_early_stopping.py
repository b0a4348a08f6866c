"""Early stopping: the rule, the split, and scores without a second prediction."""

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier as Peer

from panlearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from panlearn.ensemble.gradient_boosting.early_stopping import Rows, should_stop, small_sample, split


@pytest.mark.parametrize("patience", [1, 2, 5])
@pytest.mark.parametrize("tol", [0.0, 0.001, 0.3])
def test_the_rule_is_scikit_learns(patience, tol):
    rng = np.random.default_rng(0)
    peer = Peer(n_iter_no_change=patience, tol=tol)
    for n in range(12):
        scores = np.cumsum(rng.normal(0.05, 0.3, n)).tolist()
        assert should_stop(scores, patience=patience, tol=tol) == peer._should_stop(scores)


def test_split_keeps_rows_together_and_classes_in_shares():
    X, y, w = np.arange(100.0)[:, None], np.arange(100.0) % 4 == 0, np.arange(100.0)
    training, validation = split(Rows(X, y, w), 0.2, stratify=y, random_state=0)
    for part in (training, validation):
        np.testing.assert_array_equal(part.X[:, 0], part.weight)
        np.testing.assert_array_equal(part.X[:, 0] % 4 == 0, part.y)
    assert (len(validation.y), validation.y.sum()) == (20, 5)
    assert split(Rows(X, y, None), 10, stratify=None, random_state=0)[1].weight is None


def test_small_sample_is_the_whole_of_few_rows():
    assert small_sample(np.zeros(100), stratified=False, seed=0) == slice(None)
    index = small_sample(np.arange(20_000) % 4, stratified=True, seed=0)
    assert (np.bincount(index % 4) == 2500).all()


@pytest.mark.parametrize("scoring", ["loss", "neg_log_loss", None])
def test_scores_are_those_of_the_staged_predictions(scoring):
    from sklearn.metrics import accuracy_score, log_loss

    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 3))
    y = np.where(X[:, 0] + X[:, 1] * X[:, 2] > 0, "yes", "no")
    model = HistGradientBoostingClassifier(scoring=scoring, max_iter=8, random_state=0)
    model.fit(X[:300], y[:300], X_val=X[300:], y_val=y[300:])
    stages = list(model.staged_predict_proba(X[300:]))
    if scoring is None:
        expected = [accuracy_score(y[300:], model.classes_[p.argmax(axis=1)]) for p in stages]
    else:
        expected = [-log_loss(y[300:], p) for p in stages]
    np.testing.assert_allclose(model.validation_score_[1:], expected, rtol=1e-9)


def test_stops_where_the_validation_loss_turns():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 5))
    y = X[:, 0] + rng.normal(size=300) * 2
    model = HistGradientBoostingRegressor(early_stopping=True, max_iter=500, learning_rate=0.3, random_state=0).fit(
        X, y
    )
    assert model.n_iter_ < 500
    scores = model.validation_score_
    assert len(scores) == model.n_iter_ + 1
    assert scores[-11:].argmax() == 0 or scores[-10:].max() <= scores[-11] + 1e-7
