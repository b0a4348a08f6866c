import numpy as np
import pytest

from panlearn.core.jit import kernel
from panlearn.tree.growth_workspace import workspace
from panlearn.tree.ordered_columns import order_columns
from panlearn.tree.split_statistic import empty, gain, load, middle, move, score, write
from panlearn.tree.statistic_choice import choose_statistic
from tests.oracles.decision_tree import impurity


@kernel
def decrease(stat, rows, left, work):
    weight, start, pure = load(stat, rows, 0, rows.size, work)
    state = empty(stat)
    for i in range(rows.size):
        if left[i]:
            state = move(stat, state, i, 1.0)
    return weight, start, pure, gain(stat, score(stat, state)), middle(stat, state)


@kernel
def value_of(stat, rows, value, work):
    load(stat, rows, 0, rows.size, work)
    write(stat, value, -np.inf, np.inf)


@pytest.mark.parametrize("whole_weights", [False, True], ids=["any weights", "whole weights"])
@pytest.mark.parametrize("criterion", ["gini", "entropy", "squared_error", "poisson"])
def test_gain_is_the_decrease_of_weighted_impurity(criterion, whole_weights):
    rng = np.random.default_rng(0)
    classes = 2 if criterion in ("gini", "entropy") else 1
    y = rng.integers(0, 2, 40) if classes == 2 else rng.exponential(size=40) + 0.1
    w, left, rows = rng.random(40) + 0.1, rng.random(40) < 0.4, np.arange(40, dtype=np.uint32)
    w = np.ceil(4 * w) if whole_weights else w
    stat, width = choose_statistic(criterion, y, w, np.array([classes]), 40)
    assert (stat.table.size > 0) == (whole_weights and criterion == "entropy")
    work, _ = workspace(order_columns(np.zeros((40, 1))), rows, width, 1)
    weight, whole, pure, found, sides = decrease(stat, rows, left, work)
    Y = y.reshape(-1, 1)
    parts = [w[s].sum() * impurity(criterion, Y[s], w[s]) for s in (left, ~left)]
    np.testing.assert_allclose(weight, w.sum())
    np.testing.assert_allclose(whole, impurity(criterion, Y, w))
    np.testing.assert_allclose(found, w.sum() * whole - sum(parts), rtol=1e-8)
    np.testing.assert_allclose(sides, [np.average(y[s], weights=w[s]) for s in (left, ~left)])
    assert not pure
    value = np.zeros(classes)
    value_of(stat, rows, value, work)
    np.testing.assert_allclose(value[-1], np.average(y, weights=w))
    np.testing.assert_allclose(value.sum(), 1.0 if classes == 2 else value[0])
