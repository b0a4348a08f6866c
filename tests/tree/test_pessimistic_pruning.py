"""Pessimistic pruning: the rule node by node, from the top."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panlearn.tree import C45Classifier, DecisionTreeClassifier, DecisionTreeRegressor, pessimistic_prune
from tests.oracles import pruning as oracle


def leaves_below(tree, t):
    children = oracle.children_of(tree, t)
    return [leaf for c in children for leaf in leaves_below(tree, c)] if children else [t]


def by_the_rule(tree, t=0):
    """Leaves of the pruned tree below t."""
    n, below = tree.weighted_n_node_samples[t], leaves_below(tree, t)

    def errors(t):
        return tree.weighted_n_node_samples[t] * (1 - tree.value[t, 0].max())

    corrected = sum(errors(leaf) for leaf in below) + len(below) / 2
    if errors(t) + 0.5 <= corrected + np.sqrt(max(corrected * (n - corrected) / n, 0)) + 1e-9:
        return [t]
    return [leaf for c in oracle.children_of(tree, t) for leaf in by_the_rule(tree, c)]


@settings(max_examples=25)
@given(st.integers(0, 1000), st.booleans())
def test_matches_oracle(seed, multiway):
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 5, (80, 3)).astype(float)
    y = ((X[:, 0] > 2) ^ (X[:, 1] > 3) ^ (rng.random(80) < 0.15)).astype(int)
    grown = (
        C45Classifier(categorical_features=[0, 1, 2], pruning=None, collapse=False)
        if multiway
        else DecisionTreeClassifier(random_state=0)
    ).fit(X, y)
    pruned = pessimistic_prune(grown)
    assert oracle.leaves_of(grown.tree_, pruned.tree_) == tuple(sorted(by_the_rule(grown.tree_)))
    assert pessimistic_prune(grown.tree_).node_count == pruned.tree_.node_count


def test_edge_cases():
    model = DecisionTreeClassifier(pruning="pessimistic").fit([[0.0], [1.0]], ["a", "a"])
    assert model.get_n_leaves() == 1
    X = np.arange(40.0)[:, None]
    assert DecisionTreeClassifier(pruning="pessimistic").fit(X, X[:, 0] > 9).get_n_leaves() == 2
    with pytest.raises(ValueError, match=r"this is a regression tree\. Use cost_complexity_prune"):
        pessimistic_prune(DecisionTreeRegressor().fit(X, X[:, 0]))
    with pytest.raises(ValueError, match="take one output, but the tree has 2"):
        pessimistic_prune(DecisionTreeClassifier().fit(X, np.column_stack([X > 3, X > 5])))
    with pytest.raises(ValueError, match="regression"):
        DecisionTreeRegressor(pruning="pessimistic").fit(X, X[:, 0])
