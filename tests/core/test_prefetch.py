"""Asking for memory changes nothing that can be seen."""

import numpy as np
import pytest

from panlearn.core.jit import kernel
from panlearn.core.prefetch import prefetch


@kernel
def gather(values, rows):
    total = 0.0
    for i in range(np.uint64(rows.size)):
        prefetch(values, np.uint64(rows[min(i + np.uint64(4), np.uint64(rows.size - 1))]))  # type: ignore[call-arg]
        total += values[np.uint64(rows[i])]
    return total


@pytest.mark.parametrize("shape", [(50,), (10, 5)])
def test_sums_are_the_same(shape):
    values = np.arange(50.0).reshape(shape)
    rows = np.array([0, 3, 7])
    if len(shape) == 1:
        assert gather(values, rows) == 10.0
    else:
        assert gather(values[:, 0].copy(), rows) == 50.0
