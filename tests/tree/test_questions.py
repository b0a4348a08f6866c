"""What a node asks, in words."""

import numpy as np
import pytest

from panlearn.core.categorical_columns import CategoricalColumns
from panlearn.core.errors import DataError
from panlearn.tree.questions import Names, branches, names_of, subset_codes
from panlearn.tree.tree_structure import LEAF, NO_FEATURE, Tree


def three_kinds() -> Tree:
    """Root: x0 <= 1.5; node 1: is category 1 in {0, 33}?; node 2: one branch for categories 0 and 2 of column 2."""
    nodes = 7
    left = np.array([1, 3, 5, LEAF, LEAF, LEAF, LEAF], dtype=np.int32)
    right = np.array([2, 4, 6, LEAF, LEAF, LEAF, LEAF], dtype=np.int32)
    words = np.array([2, 1, 2], dtype=np.uint32)
    value = np.column_stack([np.linspace(0, 1, nodes), 1 - np.linspace(0, 1, nodes)])[:, None, :]
    return Tree(
        children_left=left,
        children_right=right,
        feature=np.array([0, 1, 2] + [NO_FEATURE] * 4, dtype=np.int32),
        threshold=np.array([1.5, np.nan, np.nan] + [NO_FEATURE] * 4),
        missing_go_to_left=np.array([True, False, False] + [False] * 4),
        impurity=np.linspace(0.5, 0.0, nodes),
        n_node_samples=np.array([8, 4, 4, 2, 2, 3, 1]),
        weighted_n_node_samples=np.array([8.0, 4, 4, 2, 2, 3, 1]),
        value=value,
        n_features=3,
        n_classes=np.array([2]),
        category_start=np.array([-1, 0, -1, -1, -1, -1, -1], dtype=np.int32),
        category_words=words,
        branch_start=np.array([-1, -1, 0, -1, -1, -1, -1], dtype=np.int32),
        branches=np.array([3, 5, LEAF, 6], dtype=np.int32),
    )


class Model:
    """Stands for a fitted classifier of any kind."""

    def __init__(self, levels=True):
        self.tree_, self.classes_, self.n_classes_ = three_kinds(), np.array(["no", "yes"]), 2
        self._estimator_type, self.criterion = "classifier", "gini"
        colours = np.array([f"c{k}" for k in range(40)])
        if levels:
            self._columns = CategoricalColumns((None, colours, np.array(["rain", "snow", "sun"])))
            self._has_missing = np.array([True, False, False])

    def fit(self):
        return self

    def __sklearn_tags__(self):
        from panlearn.tree import DecisionTreeClassifier

        return DecisionTreeClassifier().__sklearn_tags__()


def test_branches():
    tree = three_kinds()
    assert [(b.child, b.relation, b.missing) for b in branches(tree, 0)] == [(1, "<=", True), (2, ">", False)]
    assert [(b.child, b.relation, b.missing) for b in branches(tree, 1)] == [(3, "in", False), (4, "not in", True)]
    assert [(b.child, b.relation, b.codes.tolist()) for b in branches(tree, 2)] == [(5, "=", [0]), (6, "=", [2])]
    assert branches(tree, 3) == []
    np.testing.assert_array_equal(subset_codes(tree, 1), [0, 33])


def test_words():
    model = Model()
    names = names_of(model, ["size", "colour", "weather"])
    said = [[names.words(node, b) for b in branches(model.tree_, node)] for node in range(3)]
    assert said == [
        ["size <= 1.50 or missing", "size >  1.50"],
        ["colour in {c0, c33}", "colour not in {c0, c33}"],
        ["weather = rain", "weather = sun"],
    ]


def test_without_names():
    names = names_of(Model(levels=False))
    assert names.features == ["feature_0", "feature_1", "feature_2"]
    assert names.subset(1, [0, 33]) == "{0, 33}"
    assert not names.missing.any()


def test_a_code_without_a_level_stands_for_missing():
    names = Names(["x"], (np.array(["a", "b"]),), np.array([True]))
    assert names.subset(0, np.array([0, 2])) == "{a}"


def test_a_large_set_is_cut_short():
    names = Names(["x"], (np.arange(10_000),), np.array([False]))
    text = names.subset(0, range(5_000))
    assert text.startswith("{0, 1, 2")
    assert text.endswith("… 4988 more}")


def test_wrong_number_of_names():
    with pytest.raises(DataError, match="must contain 3 elements, got 2"):
        names_of(Model(), ["a", "b"])
