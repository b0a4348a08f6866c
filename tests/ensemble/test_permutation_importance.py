"""Importance out of bag: features that say nothing have none; the peer's own function works on ours too."""

from typing import Any

import numpy as np
import pytest
from sklearn.inspection import permutation_importance

from panlearn.ensemble import ExtraTreesRegressor, RandomForestClassifier, RandomForestRegressor


@pytest.mark.parametrize("make", [RandomForestClassifier, RandomForestRegressor])
def test_noise_has_no_importance(make):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 4))
    X[:, 3] = 1.0
    y = (X[:, 0] + 0.3 * X[:, 1] > 0).astype(int)
    labels = np.array(["no", "yes"])[y] if make is RandomForestClassifier else y
    model = make(40, random_state=0).fit(X, labels)
    found = model.oob_permutation_importances(X, labels, random_state=0)
    assert found[3] == 0.0
    assert found[0] > found[1] > 5 * abs(found[2])
    np.testing.assert_array_equal(found, model.oob_permutation_importances(X, labels, random_state=0))
    peer: Any = permutation_importance(model, X, labels, random_state=0, n_repeats=2)
    assert peer.importances_mean.argmax() == 0


def test_edge_cases():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(30, 2)), rng.normal(size=30)
    with pytest.raises(ValueError, match="bootstrap=True"):
        ExtraTreesRegressor(3).fit(X, y).oob_permutation_importances(X, y)
    model = RandomForestRegressor(3, random_state=0).fit(X, y)
    with pytest.raises(ValueError, match="must be those of fit, with 30 rows"):
        model.oob_permutation_importances(X[:5], y[:5])
