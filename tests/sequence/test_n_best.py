"""Lists of ways stay sorted."""

import numpy as np

from panlearn.sequence.n_best import extend


def test_extend_keeps_the_largest_in_order():
    best, back = np.array([5.0, 2.0, -np.inf]), np.array([0, 1, -1], dtype=np.int32)
    extend(np.array([3.0, 1.0, 0.0]), 0.5, 30, best, back)
    assert best.tolist() == [5.0, 3.5, 2.0]
    assert back.tolist() == [0, 30, 1]
    extend(np.array([1.5, -np.inf, -np.inf]), 0.5, 60, best, back)  # a tie stays behind what was there
    assert back.tolist() == [0, 30, 1]
