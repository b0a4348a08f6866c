"""The loops over a block of rows, against NumPy."""

import numpy as np
import pytest
from scipy.special import logsumexp

from panlearn.mixture import gaussian_kernels as kernels

SHAPES = [(1, 1, 1), (3, 2, 7), (2, 5, 64), (4, 3, 33)]  # k, d, m


@pytest.fixture(params=SHAPES, ids=str)
def block(request):
    k, d, m = request.param
    rng = np.random.default_rng(0)
    return rng.normal(size=(d, m)), rng.uniform(0.5, 2, size=(k, d)), rng.normal(size=(k, d)), rng.uniform(size=m)


def test_squares(block):
    columns, precision, offset, _ = block
    z = precision[:, :, None] * columns - offset[:, :, None]
    out = np.empty((len(precision), columns.shape[1]))
    kernels.axis_squares(columns, precision, offset, out)
    np.testing.assert_allclose(out, (z**2).sum(axis=1), rtol=1e-12)
    kernels.tile_squares(z, out)
    np.testing.assert_allclose(out, (z**2).sum(axis=1), rtol=1e-12)


def test_moments(block):
    columns, precision, offset, weight = block
    z = precision[:, :, None] * columns - offset[:, :, None]
    shares = weight * np.random.default_rng(1).uniform(size=(len(precision), len(weight)))
    out = np.empty_like(precision)
    kernels.axis_moments(columns, precision, offset, shares, out)
    np.testing.assert_allclose(out, (shares[:, None] * z**2).sum(axis=2), rtol=1e-12)
    scaled = z.copy()
    kernels.scale_tile(scaled, shares.copy())
    np.testing.assert_allclose(scaled, z * np.sqrt(shares)[:, None], rtol=1e-12)


def test_responsibilities(block):
    _, precision, _, weight = block
    squares = np.random.default_rng(1).uniform(0, 50, size=(len(precision), len(weight)))
    constants = np.random.default_rng(2).normal(size=len(precision))
    logs = constants[:, None] - squares / 2
    shares, sums = squares.copy(), np.empty(len(weight))
    value = kernels.responsibilities(shares, constants, weight)
    np.testing.assert_allclose(value, weight @ logsumexp(logs, axis=0), rtol=1e-12)
    sizes = np.asarray(logsumexp(logs, axis=0))
    np.testing.assert_allclose(shares, weight * np.exp(logs - sizes), rtol=1e-12, atol=1e-300)
    kernels.log_sums(squares, constants, sums)
    np.testing.assert_allclose(sums, sizes, rtol=1e-12)


def test_components_without_weight_and_rows_far_from_all():
    constants, weight = np.array([0.0, -np.inf]), np.array([1.0, 1.0, 0.0])
    squares = np.array([[1.0, 1e6, np.inf], [1.0, 0.0, np.inf]])
    shares, sums = squares.copy(), np.empty(3)
    assert kernels.responsibilities(shares, constants, weight) == pytest.approx(-0.5 - 5e5)
    np.testing.assert_array_equal(shares, [[1, 1, 0], [0, 0, 0]])
    kernels.log_sums(squares, constants, sums)
    np.testing.assert_array_equal(sums, [-0.5, -5e5, -np.inf])
