"""What both kinds of AdaBoost share."""

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from panlearn.ensemble import AdaBoostClassifier, AdaBoostRegressor
from panlearn.ensemble.adaboost import has_defaults, like
from panlearn.tree import DecisionTreeClassifier

X = np.random.default_rng(0).normal(size=(80, 2))


def test_plain_trees_are_told_from_others():
    assert has_defaults(DecisionTreeClassifier(max_depth=1, random_state=3), DecisionTreeClassifier, "max_depth")
    assert not has_defaults(DecisionTreeClassifier(max_depth=1), DecisionTreeClassifier)
    assert not has_defaults(DecisionTreeClassifier(class_weight={0: 2}), DecisionTreeClassifier, "max_depth")
    assert not has_defaults(StandardScaler(), DecisionTreeClassifier)


def test_copies_have_seeds_of_their_own():
    template, seeds = DecisionTreeClassifier(max_depth=1), np.random.RandomState(0)
    copies = [like(template, seeds) for _ in range(3)]
    assert len({copy.random_state for copy in copies}) == 3
    assert template.random_state is None
    nested = AdaBoostClassifier(make_pipeline(StandardScaler(), DecisionTreeClassifier(max_depth=1)), random_state=0)
    with pytest.raises(ValueError, match="sample_weight"):
        nested.fit(X, X[:, 0] > 0)


@pytest.mark.parametrize("cls", [AdaBoostClassifier, AdaBoostRegressor])
def test_an_ensemble_is_a_sequence_of_its_copies(cls):
    model = cls(n_estimators=4).fit(X, (X**2).sum(axis=1) > 1)
    assert len(model) == len(list(model)) == len(model.estimators_)
    assert model[0] is model.estimators_[0]
    assert model.feature_importances_.sum() == pytest.approx(1)
    with pytest.raises(ValueError, match="not fitted"):
        _ = cls().feature_importances_
