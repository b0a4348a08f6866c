"""The door of histogram boosting."""

import numpy as np

from panlearn.ensemble import (
    HistGradientBoostingRegressor,
)
from panlearn.ensemble.hist_boosting_data import interaction_sets

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 3))
Y = X[:, 0] * X[:, 1] + X[:, 2] + RNG.normal(size=300) * 0.2


def test_negative_numbers_are_no_categories():
    codes = RNG.integers(-1, 4, 1000).astype(float)
    model = HistGradientBoostingRegressor(categorical_features=[0], max_iter=5).fit(codes[:, None], codes)
    found = model.predict(np.array([[-1.0], [-7.0], [np.nan], [99.0]]))
    assert len(set(found.tolist())) == 1


def test_interaction_sets():
    assert interaction_sets(None, 3) is None
    assert interaction_sets("no_interactions", 3) == [{0}, {1}, {2}]
    assert interaction_sets("pairwise", 3) == [{0, 1}, {0, 2}, {1, 2}]
    assert interaction_sets([(1, 0), [5, 1]], 6) == [{0, 1}, {1, 5}, {2, 3, 4}]
