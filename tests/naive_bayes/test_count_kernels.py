"""The scatter of sparse rows, against SciPy."""

from typing import Any

import numpy as np
import pytest
from scipy import sparse

from panlearn.naive_bayes.count_kernels import add_entries


@pytest.mark.parametrize("shape", [(1, 1), (20, 7), (5, 30)])
@pytest.mark.parametrize("density", [0.0, 0.3, 1.0])
def test_scatter(shape, density):
    X: Any = sparse.random_array(shape, density=density, format="csr", rng=0)
    y, w = np.arange(shape[0]) % 3, np.linspace(0, 2, shape[0])
    out = np.ones((3, shape[1]))
    indices = X.indices.astype(np.int32).view(np.uint32)
    add_entries(X.data, indices, X.indptr.astype(np.uint64), y.astype(np.uint32), w, out)
    np.testing.assert_allclose(out, 1 + (np.eye(3)[y] * w[:, None]).T @ X.toarray())
