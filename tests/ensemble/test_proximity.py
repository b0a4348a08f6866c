"""Proximity by its definition: the share of columns in which two lists of leaves agree."""

from typing import Any

import numpy as np
from scipy import sparse

from panlearn.ensemble import proximity
from panlearn.ensemble.proximity import shared_leaves


def test_shared_leaves(monkeypatch):
    rng = np.random.default_rng(0)
    A, B = rng.integers(0, 4, (20, 7)), rng.integers(0, 6, (5, 7))
    want = (A[:, None, :] == B[None]).mean(axis=2)
    found: Any = shared_leaves(A, B)
    np.testing.assert_allclose(found, want, atol=1e-15)
    own: Any = shared_leaves(A, A)
    np.testing.assert_array_equal(own, own.T)
    np.testing.assert_allclose(np.diag(own), 1.0)
    monkeypatch.setattr(proximity, "DENSE", 10)
    large: Any = shared_leaves(A, B)
    assert sparse.issparse(large)
    np.testing.assert_allclose(large.toarray(), want, atol=1e-15)
