"""What both bagging estimators share: sizes, features, draws, errors."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsRegressor

from panlearn.ensemble import BaggingClassifier, BaggingRegressor

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(50, 6)), RNG.normal(size=50)


def test_features_and_rows_are_drawn():
    model = BaggingRegressor(Ridge(), 5, max_features=0.5, max_samples=20, random_state=0).fit(X, Y)
    assert [len(features) for features in model.estimators_features_] == [3] * 5
    assert [len(rows) for rows in model.estimators_samples_] == [20] * 5
    without = BaggingRegressor(KNeighborsRegressor(1), 5, bootstrap=False, max_samples=0.5, random_state=0).fit(X, Y)
    assert all(len(set(rows)) == 25 for rows in without.estimators_samples_)
    member, rows = without.estimators_[0], without.estimators_samples_[0]
    np.testing.assert_array_equal(member.predict(X[rows]), Y[rows])


def test_members_added_later():
    model = BaggingRegressor(n_estimators=3, random_state=0, warm_start=True).fit(X, Y)
    first = model.estimators_[0]
    model.set_params(n_estimators=6).fit(X, Y)
    assert model.estimators_[0] is first
    assert len(model.estimators_samples_) == len(model) == 6
    whole = BaggingRegressor(n_estimators=6, random_state=0).fit(X, Y)
    np.testing.assert_array_equal(model.predict(X), whole.predict(X))


def test_errors():
    with pytest.raises(ValueError, match="only available if bootstrap=True"):
        BaggingRegressor(bootstrap=False, oob_score=True).fit(X, Y)
    with pytest.raises(ValueError, match="max_features must be <= n_features"):
        BaggingRegressor(max_features=7).fit(X, Y)
    with pytest.raises(ValueError, match="Effective max_samples=60"):
        BaggingRegressor(max_samples=60, bootstrap=False).fit(X, Y)
    with pytest.raises(TypeError, match="must have fit and predict"):
        BaggingClassifier(estimator=3).fit(X, Y > 0)
    with pytest.warns(UserWarning, match="recommended to use bootstrap=True"):
        BaggingRegressor(bootstrap=False, n_estimators=2).fit(X, Y, np.ones(50))
