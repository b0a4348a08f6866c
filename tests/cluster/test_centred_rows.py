"""Units of k-means: there and back, and what makes the squares safe."""

import numpy as np
import pytest
from scipy import sparse

from panlearn.cluster.centred_rows import CentredRows
from tests.cluster.test_kmeans import data


@pytest.mark.parametrize("factor", [1e-200, 1.0, 1e200])
def test_scaled_rows_are_about_one_and_come_back(factor):
    X = factor * data(50, 3, 4)
    rows = CentredRows(X)
    assert 0.4 < np.abs(rows.scaled).max() < 2
    np.testing.assert_allclose(rows.centres(rows.scaled_centres(X[:5])), X[:5], rtol=1e-12)
    np.testing.assert_allclose(rows.rows(np.arange(5)), rows.scaled[:5])
    assert rows.variance == pytest.approx(np.mean(np.var(X * rows.scale, axis=0)))


def test_single_precision_copy():
    rows = CentredRows(data(3000, 3, 4))
    single, norm = rows.single
    np.testing.assert_allclose(single, rows.scaled, atol=1e-7)
    np.testing.assert_allclose(norm, np.linalg.norm(rows.scaled, axis=1), rtol=1e-6)
    assert rows.variance == pytest.approx(np.mean(np.square(rows.scaled)))


def test_sparse_rows_keep_their_zeros():
    X = sparse.csr_matrix(np.diag([1.0, 2.0, 4.0]))
    rows = CentredRows(X)
    assert rows.scaled.nnz == 3
    np.testing.assert_allclose(rows.row(2), [0, 0, 4 * rows.scale])
    assert rows.take(np.array([1])).scaled.nnz == 1
