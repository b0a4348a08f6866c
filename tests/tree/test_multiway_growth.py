"""Growth: fractions add up, arrays that fill up are enlarged, thresholds lie where they should."""

import numpy as np
import pytest

from panlearn.tree import C45Classifier
from panlearn.tree import multiway_growth as module
from panlearn.tree.multiway_growth import Attributes, grow, threshold
from panlearn.tree.multiway_split import Rules

RULES = Rules(False, False, False, False, False, 1.0, 2.0, 99, 0.0)


def test_arrays_that_fill_up_are_enlarged():
    """3,000 categories with missing rows: branches, nodes and rows outgrow what was set aside, again and again."""
    rng = np.random.default_rng(0)
    X = rng.integers(0, 3000, (9000, 2)).astype(float)
    X[rng.random(X.shape) < 0.02] = np.nan
    y = rng.integers(0, 3, 9000)
    model = C45Classifier(categorical_features=[0, 1], pruning=None, collapse=False, min_samples_leaf=1).fit(X, y)
    tree = model.tree_
    assert tree.node_count > 5000
    leaves = tree.children_left < 0
    assert tree.weighted_n_node_samples[leaves].sum() == pytest.approx(9000, rel=0.03)
    assert tree.weighted_n_node_samples[leaves].min() > 0


def test_a_budget_that_ends_changes_nothing(monkeypatch):
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 50, (3, 400)).astype(np.int32)
    table = np.array([[50, 0, 0], [50, 0, 50], [50, 1, 100]])
    attributes = Attributes(codes, table, np.tile(np.arange(50.0), 3), rng.integers(0, 2, 400), np.ones(400))
    whole, calls = grow(attributes, RULES, 2), []
    original = module.grow_some

    def in_steps(attributes, rules, state, root_weight):
        calls.append(1)
        original(attributes, rules, state, root_weight)

    monkeypatch.setattr(module, "grow_some", in_steps)
    again = grow(attributes, RULES, 2)
    assert len(calls) >= 1
    np.testing.assert_array_equal(again.nodes, whole.nodes)
    np.testing.assert_array_equal(again.numbers, whole.numbers)


@pytest.mark.parametrize("middle", [False, True])
def test_thresholds(middle):
    values = np.array([1.0, 2.0, 3.0, 5.0, 8.0])
    assert threshold(values, 0, 4, middle) == (3.0 if middle else 4.5)
    assert threshold(values, 1, 2, middle) == (2.0 if middle else 2.5)
    near = np.array([1.0, np.nextafter(1.0, 2.0)])
    assert threshold(near, 0, 1, middle) == 1.0
    assert threshold(np.array([-1.7e308, 1.7e308]), 0, 1, middle) == (-1.7e308 if middle else 0.0)


def test_growing_without_any_attribute_known():
    attributes = Attributes(
        np.zeros((1, 4), np.int32), np.array([[0, 0, 0]]), np.empty(0), np.array([0, 1, 1, 0]), np.ones(4)
    )
    assert grow(attributes, RULES, 2).nodes[:, 0].tolist() == [-2]
