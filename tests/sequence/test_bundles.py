"""Rows to lanes and back."""

import numpy as np
import pytest

from panlearn.sequence.bundles import LONG, fill, scatter, split_sequences, take_bundle, work_arrays


@pytest.mark.parametrize("n", [1, 3, 8, 11, 16])
def test_fill_and_scatter(n):
    rng = np.random.default_rng(n)
    lengths = np.array([5, 5, 4, 4, 4, 3, 2])  # seven: one lane stays empty
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    table, back = rng.random((offsets[-1], n)), np.zeros((offsets[-1], n))
    bundle = take_bundle(np.arange(7), offsets, np.ones(7), work_arrays(5, n))
    fill(table, bundle, -7.0)
    b = bundle.b[: n * bundle.stride * 8].reshape(n, bundle.stride, 8)
    for lane, length in enumerate(lengths):
        rows = table[offsets[lane] : offsets[lane + 1]]
        np.testing.assert_array_equal(b[:, :length, lane], rows.T)
        assert (b[:, length:, lane] == -7.0).all()
    for t in range(5):
        scatter(np.ascontiguousarray(b[:, t]), bundle, t, back)
    np.testing.assert_array_equal(back, table)


def test_split():
    bundled, alone = split_sequences(np.array([3, 0, 9, LONG + 1, *[4] * 9]))
    assert bundled.tolist() == [2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0]  # longest first; three are enough for a bundle
    assert alone.tolist() == [3]
    bundled, alone = split_sequences(np.array([3, 0, 9]))
    assert bundled.tolist() == []
    assert alone.tolist() == [2, 0]
