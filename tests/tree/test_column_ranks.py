import numpy as np

from panlearn.tree.column_ranks import rank_column


def test_both_zeros_are_one_value_and_nan_comes_last():
    x = np.array([0.0, np.nan, -0.0, -1.0, np.nan, 2.0])
    codes = np.empty(6, dtype=np.uint16)
    lowest, highest, missing = rank_column(x, codes, 0, 0)
    np.testing.assert_array_equal(codes, [1, 3, 1, 0, 3, 2])
    np.testing.assert_array_equal(lowest, [-1.0, 0.0, 2.0])
    np.testing.assert_array_equal(highest, lowest)
    assert missing


def test_all_missing():
    codes = np.empty(3, dtype=np.uint16)
    lowest, _, missing = rank_column(np.full(3, np.nan), codes, 0, 0)
    assert missing
    assert len(lowest) == 0
    np.testing.assert_array_equal(codes, 0)


def test_a_heavy_value_keeps_a_bin_of_its_own():
    x = np.concatenate([np.zeros(90), np.arange(1.0, 11.0)])
    codes = np.empty(100, dtype=np.uint16)
    lowest, highest, _ = rank_column(x, codes, 0, 4)
    assert len(lowest) <= 4
    np.testing.assert_array_equal(codes[:90], 0)
    assert (np.diff(codes) >= 0).all()
    assert highest[-1] == 10.0
