"""Out-of-bag means by the definition, row by row."""

import numpy as np
import pytest
from scipy import sparse

from panlearn.ensemble import RandomForestClassifier, RandomForestRegressor
from tests.oracles import forest as oracle


@pytest.mark.parametrize("make", [RandomForestClassifier, RandomForestRegressor])
def test_equals_brute_force(make):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 4)), rng.integers(0, 3, 60)
    model = make(15, random_state=1, oob_score=True, max_samples=0.8).fit(X, y)
    want = oracle.out_of_bag([tree.tree_ for tree in model], model.estimators_samples_, X)[:, 0]
    assert not np.isnan(want).any()
    if make is RandomForestClassifier:
        np.testing.assert_allclose(model.oob_decision_function_, want)
        assert model.oob_score_ == pytest.approx(np.mean(want.argmax(axis=1) == y))
    else:
        np.testing.assert_allclose(model.oob_prediction_, want[:, 0])
        assert model.oob_score_ == pytest.approx(1 - np.mean((y - want[:, 0]) ** 2) / np.var(y))
    dense = model.oob_score_
    assert model.fit(sparse.csc_array(X), y).oob_score_ == pytest.approx(dense)


def test_too_few_trees_warn():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 2)), rng.integers(0, 2, 40)
    with pytest.warns(UserWarning, match="Some inputs do not have OOB scores"):
        model = RandomForestClassifier(2, oob_score=True, random_state=0).fit(X, y)
    assert np.isfinite(model.oob_decision_function_).all()
    with pytest.raises(ValueError, match="only available if bootstrap=True"):
        RandomForestClassifier(2, oob_score=True, bootstrap=False).fit(X, y)
    judged = RandomForestRegressor(30, oob_score=lambda y, p: 7.0, random_state=0).fit(X, y)
    assert judged.oob_score_ == 7.0
