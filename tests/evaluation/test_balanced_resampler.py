"""The classifier on balanced rows: its training set, pipelines, folds, scikit-learn's contract."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.utils.estimator_checks import parametrize_with_checks

import panlearn
from panlearn.evaluation import BalancedResampler, balanced_resample


def rare(n=1000):
    rng = np.random.default_rng(0)
    y = (np.arange(n) % 20 == 0).astype(int)
    return rng.normal(size=(n, 3)) + 1.5 * y[:, None], y


@parametrize_with_checks([BalancedResampler(), BalancedResampler(GaussianNB(), strategy="down")])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_contract(estimator, check):
    check(estimator)


@pytest.mark.parametrize("kind", ["up", "down", "smote"])
def test_equals_resampling_by_hand(kind):
    X, y = rare()
    model = BalancedResampler(LogisticRegression(), strategy=kind, random_state=0).fit(X, y)
    by_hand = LogisticRegression().fit(*balanced_resample(X, y, strategy=kind, random_state=0))
    np.testing.assert_array_equal(model.predict_proba(X), by_hand.predict_proba(X))
    np.testing.assert_array_equal(model.decision_function(X), by_hand.decision_function(X))
    assert model.class_counts_ == ({0: 50, 1: 50} if kind == "down" else {0: 950, 1: 950})
    assert model.certificate_.endswith(f"rows by class 0: {model.class_counts_[0]}, 1: {model.class_counts_[1]}")


def test_rare_rows_are_found_in_folds_that_were_not_resampled():
    X, y = rare()
    plain = balanced_accuracy_score(y, cross_val_predict(LogisticRegression(), X, y))
    for kind in ("up", "down", "smote"):
        pipe = make_pipeline(StandardScaler(), BalancedResampler(LogisticRegression(), strategy=kind, random_state=0))
        assert balanced_accuracy_score(y, cross_val_predict(pipe, X, y)) > plain + 0.1


def test_searched_and_stored(tmp_path):
    X, y = rare(400)
    grid = {"strategy": ["up", "smote"], "estimator__C": [0.1, 1.0]}
    search = GridSearchCV(BalancedResampler(LogisticRegression(), random_state=0), grid, cv=3).fit(X, y)
    model = search.best_estimator_
    for copy in (pickle.loads(pickle.dumps(model)), panlearn.load(panlearn.save(model, tmp_path / "model.panlearn"))):
        np.testing.assert_array_equal(copy.predict(X), model.predict(X))


def test_frames_reach_the_classifier_as_frames():
    X, y = rare(400)
    table = pd.DataFrame(X, columns=list("abc")).assign(kind=pd.Categorical(np.where(y, "p", "q")))
    table.loc[::9, "a"] = np.nan
    inner = HistGradientBoostingClassifier(categorical_features="from_dtype", max_iter=5)
    model = BalancedResampler(inner, strategy="smote", random_state=0).fit(table, y)
    assert model.feature_names_in_.tolist() == ["a", "b", "c", "kind"]
    assert model.score(table, y) == 1
    with pytest.raises(ValueError, match="feature names"):
        model.predict(table.rename(columns={"a": "z"}))


def test_offers_what_the_classifier_offers():
    assert not hasattr(BalancedResampler(LinearSVC()), "predict_proba")
    assert hasattr(BalancedResampler(LinearSVC()), "decision_function")
    assert not hasattr(BalancedResampler(GaussianNB()), "decision_function")
    assert hasattr(BalancedResampler(GaussianNB()), "predict_log_proba")
