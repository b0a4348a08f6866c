"""The short way gives the same trees as clones fitted one by one on counts."""

from typing import Any

import numpy as np
import pytest
import sklearn.base

from panlearn.ensemble import BaggingClassifier, BaggingRegressor
from panlearn.ensemble.bagged_trees import can_share_columns
from panlearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeRegressor

clone: Any = sklearn.base.clone

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(80, 3)), RNG.normal(size=80)


@pytest.mark.parametrize("base", [DecisionTreeRegressor(max_depth=4), ExtraTreeRegressor(min_samples_leaf=3)])
def test_same_trees(base):
    model = BaggingRegressor(base, 5, random_state=0).fit(X, Y)
    for member, rows in zip(model, model.estimators_samples_):
        alone = clone(member).fit(X, Y, sample_weight=np.bincount(rows, minlength=80))
        np.testing.assert_array_equal(alone.tree_.threshold, member.tree_.threshold)
        np.testing.assert_array_equal(alone.predict(X), member.predict(X))
    np.testing.assert_allclose(model.predict(X), np.mean([member.predict(X) for member in model], axis=0))


def test_who_takes_the_short_way():
    bag = BaggingClassifier(max_features=0.5).fit(X, Y > 0)
    whole = BaggingClassifier().fit(X, Y > 0)
    assert can_share_columns(whole, DecisionTreeClassifier(), whole._drawing)
    assert not can_share_columns(bag, DecisionTreeClassifier(), bag._drawing)
    assert not can_share_columns(whole, DecisionTreeClassifier(class_weight="balanced"), whole._drawing)
    assert not can_share_columns(whole, DecisionTreeRegressor(), whole._drawing)
