"""Products with rows of numbers, codes and a constant equal those with the one-hot matrix."""

import numpy as np
import pytest
import scipy.sparse as sp

from panlearn.linear_model.generalized_linear_model.design_rows import DesignRows, thinned
from tests.oracles.generalized_linear_model import one_hot


def rows(n=50, sparse=False, offset=None):
    rng = np.random.default_rng(0)
    numeric, codes = rng.normal(size=(n, 3)), np.asfortranarray(rng.integers(0, [2, 4], (n, 2)).astype(np.uint32))
    full = np.hstack([numeric, one_hot(codes[:, 0], 2), one_hot(codes[:, 1], 4), np.ones((n, 1))])
    return DesignRows(sp.csr_array(numeric) if sparse else numeric, codes, (2, 4), offset), full


@pytest.mark.parametrize("sparse", [False, True])
def test_products_are_those_of_the_one_hot_matrix(sparse):
    rng = np.random.default_rng(1)
    design, full = rows(sparse=sparse, offset=np.linspace(0, 1, 50))
    x, u, h = rng.normal(size=10), rng.normal(size=50), rng.random(50)
    np.testing.assert_allclose(design.forward(x), full @ x + np.linspace(0, 1, 50))
    np.testing.assert_allclose(design.back(u), full.T @ u)
    np.testing.assert_allclose(design.squares(h), (full**2).T @ h)
    dense = design.densified()
    np.testing.assert_allclose(dense.gram(h, np.float64), full.T @ (h[:, None] * full))
    np.testing.assert_allclose(dense.gram(h, np.float32), full.T @ (h[:, None] * full), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(design.one_hot().toarray(), full[:, :-1])


def test_blocks_and_selections():
    design, full = rows(offset=np.arange(50.0))
    x = np.ones(10)
    np.testing.assert_allclose(design[10:20].forward(x), (full @ x + np.arange(50))[10:20])
    np.testing.assert_allclose(design.select(np.array([3, 1])).forward(x), (full @ x + np.arange(50))[[3, 1]])


@pytest.mark.parametrize("order", ["C", "F"])
def test_thinned_keeps_runs_of_neighbours(order):
    array = np.asarray(np.arange(2 * 1300).reshape(1300, 2), order=order)
    expected = np.vstack([array[a : a + 64] for a in (0, 640)])
    np.testing.assert_array_equal(thinned(array, 10), expected)
    design, _ = rows(n=1300)
    np.testing.assert_array_equal(design.thinned(10).codes, thinned(design.codes, 10))


def test_numbers_must_be_finite():
    design, _ = rows(offset=np.full(50, np.nan))
    with pytest.raises(ValueError, match="offset contains NaN"):
        design.require_finite()
