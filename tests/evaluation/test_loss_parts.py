"""The parts add up, are what their definitions say, and are right on average."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panlearn.core.errors import DataError
from panlearn.evaluation.loss_parts import squared_parts, zero_one_parts
from tests.oracles.bias_variance import squared, zero_one

SEEDS = st.integers(0, 10_000)


@settings(deadline=None, max_examples=60)
@given(SEEDS, st.integers(2, 6), st.integers(1, 5), st.integers(1, 4))
def test_squared_parts_add_up_to_the_measured_loss(seed, B, m, r):
    rng = np.random.default_rng(seed)
    predictions, observed = rng.normal(size=(B, m)), rng.normal(size=(m, r))
    found = squared_parts(predictions, observed, None)
    assert found.loss == pytest.approx(np.mean((predictions[:, :, None] - observed) ** 2))
    assert found.loss == pytest.approx(found.bias + found.variance + (found.noise or 0))
    assert (found.noise is None) == (r == 1)
    assert found.row_bias.mean() == pytest.approx(found.bias)


def test_matches_oracle_squared():
    """With the truth known; with B models the whole population, B/(B-1) and v/B apart from the definitions."""
    rng = np.random.default_rng(0)
    B, m = 5, 7
    predictions, truth = rng.normal(size=(B, m)), rng.normal(size=m)
    y = truth + rng.normal(size=m)
    found = squared_parts(predictions, y[:, None], truth)
    bias, variance, loss = squared(predictions, truth, float(np.mean((y - truth) ** 2)))
    assert found.variance == pytest.approx(variance * B / (B - 1))
    assert found.bias == pytest.approx(bias - found.variance / B)
    assert found.loss == pytest.approx(loss)


@pytest.mark.parametrize("r", [1, 3])
def test_parts_are_right_on_average(r):
    """Few models and few observations: bias² 4, variance 1, noise 9, all three without bias."""
    rng = np.random.default_rng(0)
    m = 100_000
    predictions, observed = rng.normal(2, 1, (3, m)), rng.normal(0, 3, (m, r))
    found = squared_parts(predictions, observed, np.zeros(m) if r == 1 else None)
    assert (found.bias, found.variance, found.noise) == pytest.approx((4, 1, 9), rel=0.03)


@settings(deadline=None, max_examples=60)
@given(SEEDS, st.integers(1, 6), st.integers(1, 5), st.integers(1, 4), st.integers(1, 4))
def test_matches_oracle_zero_one(seed, B, m, r, K):
    rng = np.random.default_rng(seed)
    predictions, observed = rng.integers(K, size=(B, m)), rng.integers(K, size=(m, r))
    found = zero_one_parts(predictions, observed, None)
    shares = [{k: np.mean(row == k) for k in range(K) if (row == k).any()} for row in observed]
    expected = zero_one(predictions.tolist(), shares)
    assert found.loss == pytest.approx(np.mean(predictions[:, :, None] != observed))
    assert found.loss == pytest.approx(found.bias + found.variance + (found.noise or 0))
    for name in ("loss", "bias", "variance"):
        assert getattr(found, name) == pytest.approx(expected[name])
    assert (found.variance_unbiased, found.variance_biased) == pytest.approx((expected["unbiased"], expected["biased"]))
    assert found.noise == (None if r == 1 else pytest.approx(expected["noise"]))


def test_domingos():
    """Without noise, bias is the share of rows whose main prediction is wrong, and loss = B + V_u - V_b."""
    rng = np.random.default_rng(0)
    y = rng.integers(3, size=50)
    predictions = np.where(rng.random((11, 50)) < rng.uniform(0.2, 1, 50), y, rng.integers(3, size=(11, 50)))
    found = zero_one_parts(predictions, y[:, None], None)
    main = np.array([np.bincount(column, minlength=3).argmax() for column in predictions.T])
    np.testing.assert_array_equal(found.main, main)
    assert found.bias == pytest.approx(np.mean(main != y))
    assert found.loss == pytest.approx(found.bias + found.variance_unbiased - found.variance_biased)
    two = y % 2  # two classes: what strays from a wrong main prediction is right
    found = zero_one_parts(predictions % 2, two[:, None], None)
    wrong = found.main != two
    assert found.variance_biased == pytest.approx(np.mean(found.row_variance * wrong))


def test_truth_of_labels():
    """Probabilities give the Bayes rate; the most probable labels give the noise of the rows at hand."""
    y = np.array([0, 1, 1])
    predictions = np.array([[0, 1, 0], [0, 1, 0], [0, 0, 1]])
    sure = zero_one_parts(predictions, y[:, None], np.array([[0.9, 0.1], [0.2, 0.8], [0.5, 0.5]]))
    assert sure.noise == pytest.approx((0.1 + 0.2 + 0.5) / 3)
    assert sure.bias == pytest.approx(0)
    named = zero_one_parts(predictions, y[:, None], np.array([0, 1, 0]))
    assert named.noise == pytest.approx(1 / 3)
    assert named.bias == pytest.approx(0)
    assert named.loss == pytest.approx(np.mean(predictions != y))
    with pytest.raises(DataError, match="2 labels occur"):
        zero_one_parts(predictions, y[:, None], np.full((3, 3), 1 / 3))
    for wrong in ([[0.5, 0.6]] * 3, [[-0.5, 1.5]] * 3):
        with pytest.raises(DataError, match="probabilities"):
            zero_one_parts(predictions, y[:, None], np.array(wrong))


def test_names_and_one_row():
    found = zero_one_parts(np.array([["b"], ["b"], ["a"]]), np.array([["a"]]), None)
    assert found.main.tolist() == ["b"]
    assert (found.loss, found.bias, found.variance_biased) == pytest.approx((2 / 3, 1, 1 / 3))
