import numpy as np

from panlearn.tree.growth_workspace import draw, workspace
from panlearn.tree.ordered_columns import order_columns


def test_buffers_are_linear_in_the_rows_and_the_levels():
    columns = order_columns(np.zeros((50, 3)), n_categories=[0, 70, 0])
    work, categories = workspace(columns, np.arange(20, dtype=np.uint32), 4, seed=1)
    assert work.rows.shape == (2, 20)
    assert work.keys.shape == (2, 28)
    assert categories is not None
    assert categories.numbers.shape == (3, 70)
    assert categories.table.shape == (70, 6)
    assert categories.words.shape == (2, 3)
    assert workspace(order_columns(np.zeros((5, 1))), np.arange(5, dtype=np.uint32), 1, seed=1)[1] is None


def test_draws_are_even_and_never_stuck():
    for seed in (0, 1, 2**32, 2**40 + 3):
        columns = order_columns(np.zeros((2, 1)))
        random = workspace(columns, np.arange(2, dtype=np.uint32), 1, seed)[0].random
        with np.errstate(over="ignore"):
            found = np.array([draw(random, 3, 8) for _ in range(2000)])
        counts = np.bincount(found)[3:]
        assert found.min() == 3
        assert found.max() == 7
        assert counts.min() > 320
        assert counts.max() < 480
