"""Shapley values of fitted models: additivity, the shap package, forests and boosting."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import LinearRegression
from sklearn.tree import DecisionTreeClassifier as PeerTree

from panlearn.ensemble import AdaBoostClassifier, ExtraTreesRegressor, RandomForestClassifier
from panlearn.tree import C45Classifier, DecisionTreeClassifier, DecisionTreeRegressor, shap_values
from tests.oracles import tree_shap as oracle

IRIS = load_iris(return_X_y=True)


def test_matches_oracle():
    X, y = IRIS
    model = DecisionTreeClassifier(max_depth=4).fit(X, y)
    values, base = shap_values(model, X[::30], return_base=True)
    for x, found in zip(X[::30], values, strict=True):
        phi, expected = oracle.shapley(model.tree_, model.tree_.value[:, 0], x)
        np.testing.assert_allclose(found, phi, atol=1e-12)
        np.testing.assert_allclose(base, expected, atol=1e-12)


def test_matches_peer():
    shap = pytest.importorskip("shap")
    from sklearn.ensemble import RandomForestRegressor as Peer

    X, y = load_diabetes(return_X_y=True)
    X = np.asarray(X, np.float32).astype(float)
    theirs = Peer(5, max_depth=6, random_state=0).fit(X, y)
    explainer = shap.TreeExplainer(theirs)
    ours = ExtraTreesRegressor(5, max_depth=6, random_state=0).fit(X, y)
    for copy, other in zip(ours.estimators_, theirs.estimators_, strict=True):  # the peer's trees in our structure
        t = other.tree_
        count = t.node_count
        copy.tree_ = copy.tree_._replace(
            **{
                n: getattr(t, n)
                for n in ("impurity", "n_node_samples", "weighted_n_node_samples", "value", "threshold")
            },
            **{n: getattr(t, n).astype(np.int32) for n in ("children_left", "children_right", "feature")},
            missing_go_to_left=t.missing_go_to_left.astype(bool),
            category_start=np.full(count, -1, np.int32),
            branch_start=np.full(count, -1, np.int32),
        )
    np.testing.assert_allclose(shap_values(ours, X[:50]), explainer.shap_values(X[:50]), atol=1e-9)


@pytest.mark.parametrize("background", [None, IRIS[0][::15]])
def test_values_add_up(background):
    X, y = IRIS
    for model, predict in (
        (RandomForestClassifier(5, random_state=0), "predict_proba"),
        (AdaBoostClassifier(n_estimators=6), "decision_function"),
        (AdaBoostClassifier(DecisionTreeClassifier(max_depth=2), n_estimators=3), "decision_function"),
        (DecisionTreeRegressor(), "predict"),
    ):
        model.fit(X, y)
        values, base = shap_values(model, X[:20], background=background, return_base=True)
        np.testing.assert_allclose(values.sum(axis=1) + base, getattr(model, predict)(X[:20]), atol=1e-9)
    binary = AdaBoostClassifier(n_estimators=5).fit(X, y == 1)
    values, base = shap_values(binary, X, return_base=True)
    np.testing.assert_allclose(values.sum(axis=1) + base, binary.decision_function(X), atol=1e-9)


def test_categories_and_missing_values():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"colour": rng.choice(["red", "blue", "green"], 200), "size": rng.normal(size=200)})
    y = (frame["colour"] == "red") ^ (frame["size"] > 0)
    frame.loc[::7, "size"] = np.nan
    for model in (
        DecisionTreeClassifier(categorical_features=["colour"], max_depth=4),
        C45Classifier(categorical_features=["colour"]),
    ):
        model.fit(frame, y)
        values, base = shap_values(model, frame, return_base=True)
        np.testing.assert_allclose(values.sum(axis=1) + base, model.predict_proba(frame), atol=1e-9)


def test_edge_cases():
    X, y = IRIS
    leaf = DecisionTreeClassifier().fit(X, np.zeros(150))
    assert not shap_values(leaf, X).any()
    model = DecisionTreeClassifier(max_depth=3).fit(sparse.csr_array(X), y)
    np.testing.assert_array_equal(shap_values(model, sparse.csr_array(X)), shap_values(model, X))
    with pytest.raises(ValueError, match="sum of its trees"):
        shap_values(LinearRegression().fit(X, y), X)
    foreign = AdaBoostClassifier(PeerTree(max_depth=1), n_estimators=2).fit(X, y)
    with pytest.raises(ValueError, match="panlearn's trees"):
        shap_values(foreign, X)
