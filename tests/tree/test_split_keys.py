import numpy as np
import pytest

from panlearn.core.jit import kernel
from panlearn.tree.split_keys import DIGITS, POSITION, SHIFT, SMALL, gather, sort_keys


@kernel
def sorted_keys(column, rows, m, keys, counts):
    low, high = gather(column, rows, 0, m, keys[0])
    return low, high, sort_keys(keys, m, low, high, counts)


@pytest.mark.parametrize("m", [1, 2, 7, 8, 9, SMALL - 1, SMALL, SMALL + 1, 300, 5000])
def test_keys_are_in_the_order_of_the_codes(m):
    rng = np.random.default_rng(m)
    for top in (1, 2, 255, 4096, 100_000, 2**31):
        column = rng.integers(0, top, 2 * m).astype(np.uint32)
        rows = rng.permutation(2 * m)[:m].astype(np.uint32)
        keys, counts = np.zeros((2, m + 8), dtype=np.uint64), np.zeros(DIGITS, dtype=np.uint32)
        low, high, place = sorted_keys(column, rows, m, keys, counts)
        codes, found = column[rows], keys[place][:m]
        assert (low, high) == (codes.min(), codes.max())
        order = np.argsort(codes, kind="stable")
        np.testing.assert_array_equal(found & POSITION, order)
        np.testing.assert_array_equal(found >> SHIFT, codes[order])
