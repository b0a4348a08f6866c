"""Rows by number: the same values as indexing, and padding only behind the end of a row."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from panlearn.neural_network.training.rows import RaggedRows, TensorRows


def test_tensor_rows_are_those_of_indexing():
    X, image = torch.randn(7, 3), torch.randint(0, 256, (7, 2, 2), dtype=torch.uint8)
    rows = TensorRows((X, image))
    indices = torch.tensor([6, 0, 0, 3])
    first, second = rows.take(indices)
    assert torch.equal(first, X[indices])
    assert torch.equal(second, image[indices])
    assert second.dtype == torch.uint8  # bytes stay bytes
    assert (len(rows), rows.row_bytes, rows.lengths()) == (7, 3 * 4 + 4, None)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(0, 6), min_size=1, max_size=8), st.booleans(), st.integers(0, 1000))
def test_padding_is_ignored(lengths, vectors, seed):
    random = np.random.default_rng(seed)
    arrays = [random.normal(size=(t, 3) if vectors else t).astype(np.float32) for t in lengths]
    rows = RaggedRows.of(arrays, padding=-1)
    picked = torch.from_numpy(random.integers(len(arrays), size=5))
    padded, found = rows.take(picked)
    assert found.tolist() == [lengths[k] for k in picked]
    assert padded.shape[1] == max(found.tolist())
    for row, k in zip(padded.numpy(), picked):
        np.testing.assert_array_equal(row[: lengths[k]], arrays[k])
        assert (row[lengths[k] :] == -1).all()


def test_no_row_is_changed_by_padding():
    rows = RaggedRows.of([np.array([1, 2, 3]), np.array([4])], padding=9)
    before = rows.values.clone()
    rows.take(torch.tensor([0, 1]))
    assert torch.equal(rows.values, before)


@pytest.mark.parametrize("dtype", [np.int64, np.float32])
def test_row_bytes_is_the_mean(dtype):
    rows = RaggedRows.of([np.zeros(2, dtype), np.zeros(4, dtype)])
    assert rows.row_bytes == 3 * np.dtype(dtype).itemsize
