import numpy as np

from panlearn.core.jit import kernel
from panlearn.tree.growth import grow_tree
from panlearn.tree.growth_nodes import _divide
from panlearn.tree.growth_settings import GrowthSettings
from panlearn.tree.ordered_columns import order_columns


@kernel
def divided(column, rows, spare, start, stop, cut, missing, missing_left):
    return _divide(column, rows, spare, start, stop, cut, missing, missing_left)


def test_rows_move_to_both_sides_in_order():
    rng = np.random.default_rng(0)
    column = rng.integers(0, 11, 100).astype(np.uint16)  # 10: missing
    for missing_left in (False, True):
        rows = np.sort(rng.permutation(100)[:60]).astype(np.uint32)
        before, spare = rows.copy(), np.empty_like(rows)
        end, gone = divided(column, rows, spare, 5, 50, 4, 10, missing_left)
        part = before[5:50]
        left = (column[part] <= 4) | (missing_left & (column[part] == 10))
        np.testing.assert_array_equal(rows[5:end], part[left])
        np.testing.assert_array_equal(rows[end:50], part[~left])
        np.testing.assert_array_equal(np.r_[rows[:5], rows[50:]], np.r_[before[:5], before[50:]])
        assert gone == (column[part] == 10).any()


def test_missing_values_not_seen_in_training_go_with_the_larger_side():
    X = np.arange(10.0)[:, None]
    y = (X[:, 0] >= 7).astype(float)
    tree = grow_tree(order_columns(X), y, None, GrowthSettings("squared_error"), n_classes=[1], seed=0)
    assert tree.missing_go_to_left[0]
    tree = grow_tree(order_columns(-X), y, None, GrowthSettings("squared_error"), n_classes=[1], seed=0)
    assert not tree.missing_go_to_left[0]
