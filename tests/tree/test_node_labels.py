"""Labels and colours of the boxes of a drawn tree."""

import numpy as np
import pytest
from sklearn.tree._export import _color_brew

from panlearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from panlearn.tree.node_labels import Label, NodeLabels, hues

PLAIN = Label("all", True, False, False, False, 3)


@pytest.mark.parametrize("count", [1, 2, 3, 7, 40])
def test_hues_are_those_of_the_peer(count):
    assert [list(hue) for hue in hues(count)] == _color_brew(count)


def test_a_pure_node_has_its_hue_and_an_even_one_is_white():
    model = DecisionTreeClassifier().fit([[0.0], [1.0]], [0, 1])
    labels = NodeLabels(model, PLAIN)
    pure = ["#{:02x}{:02x}{:02x}".format(*hue) for hue in hues(2)]
    assert [labels.colour(node) for node in range(3)] == ["#ffffff", *pure]


def test_constant_targets_have_one_colour():
    model = DecisionTreeRegressor().fit([[0.0], [1.0]], [3.0, 3.0])
    assert NodeLabels(model, PLAIN).colour(0) == "#ffffff"


def test_weights_that_are_no_whole_numbers_are_shown():
    model = DecisionTreeClassifier().fit([[0.0], [1.0]], [0, 1], sample_weight=[0.5, 0.25])
    assert "value = [0.5, 0.25]" in NodeLabels(model, PLAIN).text(0)
    model.fit([[0.0], [1.0]], [0, 1], sample_weight=np.array([3.0, 1.0]))
    assert "value = [3, 1]" in NodeLabels(model, PLAIN).text(0)
