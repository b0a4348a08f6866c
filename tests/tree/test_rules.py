"""Rules of a tree: one holds for each row, and its numbers are those of the rows."""

import numpy as np
import pandas as pd
import pytest

from panlearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, extract_rules
from panlearn.tree.questions import Branch
from panlearn.tree.rules import Range, Rule, _narrowed
from tests.tree.test_questions import Model

NONE = np.empty(0, dtype=int)


def data(n=200):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 3))
    return X, np.where(X[:, 0] + 0.5 * rng.normal(size=n) > 0, "up", "down"), rng.uniform(0.5, 2, size=n)


def test_support_and_confidence_are_those_of_the_rows():
    X, y, weight = data()
    model = DecisionTreeClassifier(max_leaf_nodes=9).fit(X, y, weight)
    rules, leaves = extract_rules(model), model.apply(X)
    assert sorted(rule.leaf for rule in rules) == sorted(set(leaves))
    for rule in rules:
        here = leaves == rule.leaf
        np.testing.assert_allclose(rule.support, weight[here].sum() / weight.sum())
        right = here & (y == rule.prediction)
        np.testing.assert_allclose(rule.confidence, weight[right].sum() / weight[here].sum())
        assert set(model.predict(X[here])) == {rule.prediction}


def test_exactly_one_rule_holds_for_a_row():
    """The conditions are read back as Python."""
    X, y, _ = data()
    model = DecisionTreeClassifier(max_depth=5, min_samples_leaf=5).fit(X, y)
    rules, leaves = extract_rules(model, feature_names=["a", "b", "c"], decimals=17), model.apply(X)
    for row, leaf in zip(X[:50], leaves):
        values = dict(zip("abc", row.tolist()))
        holds = [rule.leaf for rule in rules if all(eval(c, {}, values) for c in rule.conditions)]
        assert holds == [leaf]


def test_conditions_on_a_feature_are_merged():
    model = DecisionTreeRegressor().fit([[1.0], [2.0], [3.0], [4.0]], [1.0, 5.0, 2.0, 9.0])
    rules = [str(rule) for rule in extract_rules(model, feature_names=["x"], decimals=1)]
    assert rules[1:3] == ["if 1.5 < x <= 2.5 then 5 (support 25 %)", "if 2.5 < x <= 3.5 then 2 (support 25 %)"]


def test_sets_of_categories_are_intersected():
    inside = Branch(1, "in", np.nan, np.array([0, 2, 5]), False)
    outside = Branch(2, "not in", np.nan, np.array([2, 7]), True)
    first = _narrowed(_narrowed(Range(), inside), outside)
    other = _narrowed(_narrowed(Range(), outside), inside)
    assert first.codes == other.codes == {0, 5}
    assert not first.missing
    twice = _narrowed(_narrowed(Range(), outside), outside._replace(codes=np.array([1])))
    assert (twice.codes, twice.outside, twice.missing) == (None, {1, 2, 7}, True)
    assert _narrowed(_narrowed(Range(), Branch(1, "<=", 3.0, NONE, True)), Branch(1, ">", 1.0, NONE, True)) == Range(
        1, 3
    )


def test_every_kind_of_question():
    rules = extract_rules(Model(), feature_names=["size", "colour", "weather"])
    assert [rule.conditions for rule in rules] == [
        ("(size <= 1.50 or missing)", "colour in {c0, c33}"),
        ("(size <= 1.50 or missing)", "colour not in {c0, c33}"),
        ("size > 1.50", "weather = rain"),
        ("size > 1.50", "weather = sun"),
    ]
    assert [rule.support for rule in rules] == [0.25, 0.25, 0.375, 0.125]


def test_categories_of_a_frame():
    X = pd.DataFrame({"colour": ["red", "blue", "green", "red"]})
    rules = extract_rules(DecisionTreeClassifier().fit(X, [1, 0, 0, 1]))
    said = {(rule.conditions[0], rule.prediction) for rule in rules}
    assert said in (
        {("colour in {blue, green}", 0), ("colour not in {blue, green}", 1)},
        {("colour = red", 1), ("colour not in {red}", 0)},
    )


def test_one_leaf_and_several_outputs():
    assert str(extract_rules(DecisionTreeClassifier().fit([[1.0]], ["a"]))[0]) == "a (support 100 %, confidence 100 %)"
    model = DecisionTreeClassifier().fit([[1.0], [2.0]], [["a", "x"], ["b", "y"]])
    assert [rule.prediction for rule in extract_rules(model)] == [("a", "x"), ("b", "y")]
    assert isinstance(extract_rules(model)[0], Rule)


def test_wrong_names():
    with pytest.raises(ValueError, match="must contain 1 elements"):
        extract_rules(DecisionTreeClassifier().fit([[1.0]], [0]), feature_names=[])
