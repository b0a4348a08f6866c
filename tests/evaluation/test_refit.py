"""Fits to counts: weights and copies of rows are the same for a method that minimises a sum over rows."""

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from panlearn.core.errors import DataError
from panlearn.evaluation.refit import check_weights, fit_to_counts, seeded, takes_weights
from panlearn.linear_model import LogisticRegression, Ridge

rng = np.random.default_rng(0)
X, y = rng.normal(size=(60, 3)), rng.integers(2, size=60)
counts = rng.multinomial(60, np.full(60, 1 / 60))


@pytest.mark.parametrize(
    "model", [Ridge(), LogisticRegression(tol=1e-10), DecisionTreeClassifier(random_state=0)], ids=repr
)
def test_weights_equal_copies(model):
    found = [fit_to_counts(model, X, y, counts, seed=0, weighted=w).predict(X) for w in (True, False)]
    np.testing.assert_allclose(*found, atol=1e-6)


def test_sample_weight_multiplies_counts():
    weight = rng.uniform(size=60)
    expected = Ridge().fit(X, y, sample_weight=counts * weight).coef_
    for weighted in (True, False):
        model = fit_to_counts(Ridge(), X, y, counts, seed=0, sample_weight=weight, weighted=weighted)
        np.testing.assert_allclose(model.coef_, expected, rtol=1e-9)


def test_frames_and_lists_are_taken():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=list("abc"))
    found = fit_to_counts(Ridge(), frame, y, counts, seed=0, weighted=True)
    assert found.feature_names_in_.tolist() == ["a", "b", "c"]
    listed = fit_to_counts(Ridge(), X.tolist(), y, counts, seed=0)
    np.testing.assert_allclose(found.coef_, listed.coef_)


def test_which_methods_take_weights():
    assert takes_weights(Ridge())
    assert not takes_weights(KNeighborsClassifier())
    assert not takes_weights(make_pipeline(StandardScaler(), Ridge()))


def test_seeds_reach_every_part():
    model = seeded(make_pipeline(RandomForestClassifier(), DecisionTreeClassifier(random_state=5)), 9)
    states = {k: v for k, v in model.get_params().items() if k.endswith("__random_state")}
    assert states == {"randomforestclassifier__random_state": 9, "decisiontreeclassifier__random_state": 5}


def test_bad_weights_are_refused():
    for wrong in (np.ones(59), -np.ones(60), np.zeros(60), np.full(60, np.nan)):
        with pytest.raises(DataError, match="60 finite numbers"):
            check_weights(Ridge(), wrong, 60)
    with pytest.raises(DataError, match="takes no sample_weight"):
        check_weights(KNeighborsClassifier(), np.ones(60), 60)
