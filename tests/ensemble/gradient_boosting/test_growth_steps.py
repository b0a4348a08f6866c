"""The decisions of growth, one at a time."""

import numpy as np
import pytest

from panlearn.ensemble.gradient_boosting import growth_state
from panlearn.ensemble.gradient_boosting.growth_state import (
    BEST_FIRST,
    COLUMN,
    DEPTH_FIRST,
    DEPTH_WISE,
    FOUND,
    NODE,
    RULES,
    STATE,
)
from panlearn.ensemble.gradient_boosting.growth_steps import choose, choose_columns, goes_left, make_children


def parent_and_children():
    nodes = np.zeros(3, NODE)
    parent = nodes[0]
    parent["g"], parent["h"], parent["rows"] = 10, 20, 20
    parent["left_g"], parent["left_h"], parent["left_rows"] = -20, 5, 6
    parent["start"], parent["stop"], parent["lower"], parent["upper"] = 100, 120, -np.inf, np.inf
    return nodes


@pytest.mark.parametrize("sign", [-1, 0, 1])
def test_children_share_what_the_parent_has(sign):
    nodes, rules = parent_and_children(), np.zeros(1, RULES)
    make_children(nodes[0], nodes[1], nodes[2], rules[0], sign)
    for name in ("g", "h", "rows"):
        assert nodes[name][1] + nodes[name][2] == nodes[name][0]
    assert nodes["start"].tolist() == [100, 100, 106]
    assert nodes["stop"].tolist() == [120, 106, 120]
    np.testing.assert_allclose(nodes["value"][1:], [4.0, -2.0])
    below, above = (nodes[1], nodes[2]) if sign > 0 else (nodes[2], nodes[1])
    assert (below["upper"], above["lower"]) == ((1.0, 1.0) if sign else (np.inf, -np.inf))


@pytest.mark.parametrize(("order", "expected"), [(BEST_FIRST, 2), (DEPTH_WISE, 1), (DEPTH_FIRST, 3)])
def test_which_leaf_is_next(order, expected):
    nodes, rules, state = np.zeros(9, NODE), np.zeros(1, RULES), np.zeros(1, STATE)
    nodes["gain"][1:4] = [5.0, 7.0, 7.0]
    rules["order"], rules["max_leaves"] = order, 10
    state["n_nodes"], state["n_open"], state["n_leaves"] = 4, 3, 3
    stacks = np.array([[2, 1, 3, 0, 0, 0, 0, 0, 0], [0] * 9])
    choose(state[0], rules[0], nodes, stacks, np.zeros(1, COLUMN))
    assert state["current"][0] == expected
    assert set(stacks[0, :2]) == {1, 2, 3} - {expected}
    assert state["n_leaves"][0] == 4
    state["n_leaves"] = 10
    choose(state[0], rules[0], nodes, stacks, np.zeros(1, COLUMN))
    assert state["current"][0] == growth_state.FINISHED


def test_where_codes_go():
    node, column = np.zeros(1, NODE)[0], np.zeros(1, COLUMN)[0]
    node["code"], node["missing_left"], column["n_codes"] = 4, 1, 9
    assert [bool(goes_left(node, column, k)) for k in (0, 4, 5, 8, 9)] == [True, True, False, False, True]
    column["is_category"], node["subset"][1] = 1, 0b100
    assert [bool(goes_left(node, column, k)) for k in (2, 33, 34)] == [False, False, True]


@pytest.mark.parametrize("fraction", [0.05, 0.3, 1.0])
def test_parts_of_the_columns_are_of_the_right_size(fraction):
    rules, columns, found = np.zeros(1, RULES), np.zeros(40, COLUMN), np.zeros(40, FOUND)
    rules["node_fraction"], columns["allowed"][:30] = fraction, 1
    nothing = np.zeros((0, 40), bool)
    times = np.zeros(40)
    for node in range(200):
        choose_columns(rules[0], node, found, columns, nothing, np.zeros(0, bool))
        assert found["tried"].sum() == np.ceil(fraction * 30)
        times += found["tried"]
    assert (times[30:] == 0).all()
    assert np.abs(times[:30] / 200 - np.ceil(fraction * 30) / 30).max() < 0.15
