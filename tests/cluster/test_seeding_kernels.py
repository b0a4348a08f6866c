"""Kernels of k-means++: gains of candidates and new distances, against NumPy."""

import numpy as np

from panlearn.cluster import seeding_kernels as kernels
from panlearn.cluster.bound_kernels import Rows
from panlearn.cluster.centred_rows import CentredRows
from tests.cluster.test_kmeans import data

F = np.float32


def test_gains_and_new_distances():
    data_rows = CentredRows(data(1500, 4, 5), np.random.default_rng(0).uniform(size=1500))
    Z, weight = data_rows.scaled, data_rows.weight
    rows = Rows(data_rows.X, data_rows.mean, data_rows.scale, *data_rows.single, weight)
    nearest, label, totals = np.empty(1500, F), np.zeros(1500, np.int32), np.zeros(2)
    kernels.add_centre(rows, nearest, label, np.zeros(0, F), Z[3], 0, totals, 0, 1500)
    first = np.square(Z - Z[3]).sum(axis=1)
    np.testing.assert_allclose(nearest, first, rtol=1e-6)
    np.testing.assert_allclose(totals, [weight[:1024] @ first[:1024], weight[1024:] @ first[1024:]], rtol=1e-6)
    C = Z[[10, 20, 30]]
    quarter = (np.square(C - Z[3]).sum(axis=1) / 4).astype(F)
    gain, square = np.zeros(3), np.square(C).sum(axis=1).astype(F)
    memory = np.empty(kernels.BLOCK + 1, np.int64), np.empty((3, kernels.BLOCK), F)
    kernels.gains(rows, nearest, label, quarter.min(keepdims=True), (-2 * C).astype(F), square, *memory, gain, 0, 1500)
    to = np.square(Z[:, None] - C).sum(axis=2)
    np.testing.assert_allclose(gain, weight @ np.maximum(first[:, None] - to, 0), rtol=1e-4)
    kernels.add_centre(rows, nearest, label, quarter[:1], C[0], 1, totals, 0, 1500)
    np.testing.assert_allclose(nearest, np.minimum(first, to[:, 0]), rtol=1e-6, atol=1e-12)
    np.testing.assert_array_equal(label, to[:, 0] < first)
