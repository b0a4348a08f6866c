import numpy as np
import pytest

from panlearn.core.jit import kernel
from panlearn.tree.growth_workspace import workspace
from panlearn.tree.ordered_columns import order_columns
from panlearn.tree.split_statistic import empty, gain, load, move, score, write
from panlearn.tree.statistic_choice import choose_statistic
from tests.oracles.decision_tree import impurity, median


@kernel
def decrease(stat, rows, left, work):
    weight, start, pure = load(stat, rows, 0, rows.size, work)
    state = empty(stat)
    for i in range(rows.size):
        if left[i]:
            state = move(stat, state, i, 1.0)
    return weight, start, pure, gain(stat, score(stat, state))


@kernel
def value_of(stat, rows, value, work):
    load(stat, rows, 0, rows.size, work)
    write(stat, value, -np.inf, np.inf)


@pytest.mark.parametrize("criterion", ["absolute_error"])
def test_gain_is_the_decrease_of_weighted_impurity(criterion):
    rng = np.random.default_rng(0)
    y, left, rows = rng.normal(size=(40, 2)).round(1), rng.random(40) < 0.4, np.arange(40, dtype=np.uint32)
    for w in (rng.random(40) + 0.1, np.ones(40)):
        stat, width = choose_statistic(criterion, y, w, np.array([1, 1]), 40)
        work, _ = workspace(order_columns(np.zeros((40, 1))), rows, width, 1)
        weight, whole, pure, found = decrease(stat, rows, left, work)
        parts = [w[s].sum() * impurity(criterion, y[s], w[s]) for s in (left, ~left)]
        np.testing.assert_allclose(weight, w.sum())
        np.testing.assert_allclose(whole, impurity(criterion, y, w))
        np.testing.assert_allclose(found, w.sum() * whole - sum(parts), rtol=1e-8)
        assert not pure
        value = np.zeros(2)
        value_of(stat, rows, value, work)
        np.testing.assert_allclose(value, [median(y[:, k], w) for k in range(2)])
