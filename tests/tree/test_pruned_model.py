"""A pruned copy leaves the model as it is; rows of another kind are refused."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from panlearn.tree import C45Classifier, DecisionTreeClassifier
from panlearn.tree.pruned_model import dense, hold_out_rows, is_fractional, with_tree


def test_the_copy_is_a_copy():
    X = np.arange(30.0)[:, None]
    model = DecisionTreeClassifier(random_state=0).fit(X, np.arange(30) // 5 % 2)
    stump = DecisionTreeClassifier(max_depth=1, random_state=0).fit(X, np.arange(30) // 5 % 2)
    copy, before = with_tree(model, stump.tree_), model.tree_
    assert copy.get_n_leaves() == 2
    assert model.tree_ is before
    assert copy.certificate_ == stump.certificate_ != model.certificate_
    np.testing.assert_array_equal(copy.predict(X), stump.predict(X))


def test_rows():
    X, y = np.arange(6.0)[:, None], np.array(["a", "b", "b", "a", "a", "b"])
    model = DecisionTreeClassifier().fit(X, y)
    rows, codes, weight = hold_out_rows(model, csr_array(X), np.array(["a", "b", "zz", "A", "b", "a"]), None)
    assert (rows.tolist(), codes[:, 0].tolist(), weight) == (X.tolist(), [0, 1, -1, -1, 1, 0], None)
    two = DecisionTreeClassifier().fit(X, np.column_stack([y, y]))
    assert hold_out_rows(two, X, np.column_stack([y, y[::-1]]), None)[1].shape == (6, 2)
    with pytest.raises(ValueError, match="y must have 6 rows and 2 outputs"):
        hold_out_rows(two, X, y, None)
    with pytest.raises(ValueError, match=r"[Nn]egative"):
        hold_out_rows(model, X, y, -np.ones(6))


def test_kinds():
    assert is_fractional(C45Classifier())
    assert not is_fractional(DecisionTreeClassifier())
    assert dense(csr_array(np.eye(2))).tolist() == np.eye(2).tolist()
