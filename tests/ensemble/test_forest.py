"""What all forests share: warm start, files, changed lists of trees, errors, how one seed gives one tree."""

import pickle

import numpy as np
import pytest

import panlearn
from panlearn.ensemble import ExtraTreesRegressor, RandomForestClassifier, RandomForestRegressor

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(100, 3)), RNG.normal(size=100)


def test_a_tree_of_the_forest_is_the_tree_of_its_seed():
    model = ExtraTreesRegressor(3, random_state=0).fit(X, Y)
    for tree in model:
        again = type(tree)(**tree.get_params()).fit(X, Y)
        np.testing.assert_array_equal(again.tree_.threshold, tree.tree_.threshold)


def test_predictions_follow_the_list_of_trees():
    model = RandomForestRegressor(6, random_state=0).fit(X, Y)
    model.predict(X)
    model.estimators_ = model.estimators_[:2]
    np.testing.assert_allclose(model.predict(X), np.mean([tree.predict(X) for tree in model], axis=0))
    assert len(model) == 2
    assert model[1] is model.estimators_[1]


def test_warm_start():
    model = RandomForestRegressor(4, random_state=0, warm_start=True).fit(X, Y)
    with pytest.warns(UserWarning, match="does not fit new trees"):
        model.fit(X, Y)
    with pytest.raises(ValueError, match="n_estimators=2 must be larger"):
        model.set_params(n_estimators=2).fit(X, Y)


def test_saved_models_predict_the_same(tmp_path):
    model = RandomForestClassifier(5, random_state=0, oob_score=False).fit(X, Y > 0)
    for again in (
        pickle.loads(pickle.dumps(model)),
        panlearn.load(panlearn.save(model, tmp_path / "forest.panlearn")),
    ):
        np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
        np.testing.assert_array_equal(again.feature_importances_, model.feature_importances_)
        assert [tree.random_state for tree in again] == [tree.random_state for tree in model]


def test_the_share_of_weight_in_a_leaf():
    model = RandomForestRegressor(5, min_weight_fraction_leaf=0.1, random_state=0).fit(X, Y)
    for tree in model:
        weight = tree.tree_.weighted_n_node_samples
        assert (weight[tree.tree_.children_left < 0] >= 0.1 * weight[0]).all()


def test_proximity_is_large_for_neighbours():
    model = RandomForestRegressor(30, random_state=0).fit(X, X[:, 0])
    near, far = model.proximity(np.array([[0.0, 0, 0], [0.01, 0, 0], [2.0, 0, 0]]))[0, 1:]
    assert near > 0.8 > 0.1 > far


def test_columns_of_targets_warn():
    with pytest.warns(UserWarning, match="column-vector y was passed"):
        RandomForestRegressor(2).fit(X, Y[:, None])
