"""What ID3 and C4.5 share: missing values, frames, idle rows, the structure of the tree."""

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

from panlearn.tree import C45Classifier, ID3Classifier
from panlearn.tree.tree_structure import LEAF


def frame(n=300, seed=0):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({"colour": rng.choice(["red", "green", "blue"], n), "size": rng.normal(size=n)})
    y = np.where((X["colour"] == "red") | (X["size"] > 0.5), "yes", "no")
    return X, y


@pytest.mark.parametrize("cls", [ID3Classifier, C45Classifier])
def test_structure(cls):
    X, y = frame()
    tree = cls().fit(X, y).tree_
    for t in range(tree.node_count):
        if tree.branch_start[t] >= 0:
            start = tree.branch_start[t]
            children = tree.branches[start + 1 : start + 1 + tree.branches[start]]
            children = children[children != LEAF]
            assert (tree.children_left[t], tree.children_right[t]) == (children.min(), children.max())
            assert np.isnan(tree.threshold[t])
        elif tree.children_left[t] != LEAF:
            children = np.array([tree.children_left[t], tree.children_right[t]])
        else:
            continue
        assert (children > t).all()
        np.testing.assert_allclose(tree.weighted_n_node_samples[children].sum(), tree.weighted_n_node_samples[t])
    np.testing.assert_allclose(tree.value.sum(axis=2), 1)


def test_frames_of_both_kinds_and_arrays_agree():
    polars = pytest.importorskip("polars")
    X, y = frame()
    base = C45Classifier().fit(X, y).predict_proba(X)
    other = polars.DataFrame(X.to_dict("list"))
    np.testing.assert_array_equal(C45Classifier().fit(other, y).predict_proba(other), base)
    array = X.to_numpy(dtype=object)
    np.testing.assert_array_equal(C45Classifier(categorical_features=[0]).fit(array, y).predict_proba(array), base)


def test_sparse_equals_dense():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 3, (200, 4)) * 1.0
    y = (X[:, 0] > X[:, 1]).astype(int)
    dense, sparse = C45Classifier().fit(X, y), C45Classifier().fit(csr_array(X), y)
    np.testing.assert_array_equal(dense.predict_proba(X), sparse.predict_proba(csr_array(X)))


def test_rows_of_weight_zero_leave_no_trace():
    X, y = frame()
    more = pd.concat([X, pd.DataFrame({"colour": ["violet"], "size": [1e9]})])
    model = C45Classifier().fit(more, np.append(y, "maybe"), np.append(np.ones(300), 0.0))
    assert model.classes_.tolist() == ["no", "yes"]
    base = C45Classifier().fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(more), base.predict_proba(more))


def test_all_missing_prediction_is_the_mean():
    """A row without any value gets the classes of the root."""
    X, y = frame()
    model = C45Classifier(pruning=None).fit(X, y)
    nothing = pd.DataFrame({"colour": [None], "size": [np.nan]})
    np.testing.assert_allclose(model.predict_proba(nothing)[0], model.tree_.value[0, 0], atol=1e-9)
    many = pd.concat([nothing] * 5 + [X])
    np.testing.assert_allclose(model.predict_proba(many)[:5], model.tree_.value[[0] * 5, 0], atol=1e-9)
