"""Cross-entropy against its definition, its derivatives against differences, its tails against overflow."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, softmax

from panlearn.losses import BinaryCrossEntropy, SoftmaxCrossEntropy
from tests.oracles import cross_entropy as oracle

RAW = st.floats(-50, 50)


@given(st.lists(st.lists(RAW, min_size=3, max_size=3), min_size=1, max_size=5), st.integers(0, 2))
def test_matches_oracle(rows, label):
    z, y = np.array(rows), np.full(len(rows), label)
    many = SoftmaxCrossEntropy(3)
    np.testing.assert_allclose(many.values(z, y), [oracle.loss(r, label) for r in rows], rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(many.probabilities(z), [oracle.probabilities(r) for r in rows], rtol=1e-12)
    two, one = BinaryCrossEntropy(), z[:, :1]
    np.testing.assert_allclose(two.values(one, y % 2), [oracle.loss(r[:1], label % 2) for r in rows], atol=1e-13)
    np.testing.assert_allclose(two.probabilities(one)[:, 0], [oracle.probabilities(r[:1])[1] for r in rows], rtol=1e-12)


def test_matches_peer():
    z = np.random.default_rng(0).normal(scale=20, size=(50, 4))
    np.testing.assert_allclose(SoftmaxCrossEntropy(4).probabilities(z), softmax(z, axis=1), rtol=1e-12)
    np.testing.assert_allclose(BinaryCrossEntropy().probabilities(z[:, :1]), expit(z[:, :1]), rtol=1e-14)


@pytest.mark.parametrize(("loss", "k"), [(BinaryCrossEntropy(), 1), (SoftmaxCrossEntropy(3), 3)])
def test_derivatives_are_those_of_the_value(loss, k):
    rng, step = np.random.default_rng(1), 1e-6
    z, y, q = rng.normal(size=(6, k)), rng.integers(0, max(2, k), 6), rng.normal(size=(6, k))
    p = loss.probabilities(z)
    slope = (loss.values(z + step * q, y) - loss.values(z - step * q, y)) / (2 * step)
    np.testing.assert_allclose((loss.residuals(p, y) * q).sum(axis=1), slope, rtol=1e-6, atol=1e-8)
    bend = (loss.probabilities(z + step * q) - loss.probabilities(z - step * q)) / (2 * step)
    np.testing.assert_allclose(loss.curvature_product(p, q), bend, rtol=1e-6, atol=1e-8)


def test_invariances():
    """Two classes are softmax with one prediction fixed at 0; adding a constant to all predictions changes nothing."""
    z, y = np.linspace(-9, 9, 7)[:, None], np.array([0, 1, 0, 1, 0, 1, 1])
    both = np.hstack([np.zeros_like(z), z])
    np.testing.assert_allclose(BinaryCrossEntropy().values(z, y), SoftmaxCrossEntropy(2).values(both, y), atol=1e-14)
    np.testing.assert_allclose(
        SoftmaxCrossEntropy(2).values(both + 1000, y), SoftmaxCrossEntropy(2).values(both, y), atol=1e-12
    )


def test_edge_cases():
    """No overflow: far out the loss is the raw prediction itself, or zero."""
    z = np.array([[1e4], [-1e4]])
    np.testing.assert_array_equal(BinaryCrossEntropy().values(z, np.array([0, 1])), [1e4, 1e4])
    np.testing.assert_array_equal(BinaryCrossEntropy().values(z, np.array([1, 0])), [0.0, 0.0])
    np.testing.assert_array_equal(BinaryCrossEntropy().probabilities(z), [[1.0], [0.0]])
    np.testing.assert_array_equal(SoftmaxCrossEntropy(2).values(np.array([[1e307, -1e307]]), np.array([0])), [0.0])
