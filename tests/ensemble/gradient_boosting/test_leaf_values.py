"""Leaf values: quantiles, Newton steps and Huber's step, leaf by leaf."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from panlearn.ensemble.gradient_boosting.leaf_values import huber_steps, newton_steps, quantiles, weighted_quantile
from panlearn.losses.huber import Huber
from panlearn.losses.pinball import Pinball

RNG = np.random.default_rng(0)


def leaves(n, sizes):
    assert sum(sizes) == n
    return RNG.permutation(n), np.concatenate([[0], np.cumsum(sizes)])


@given(st.lists(st.integers(0, 3), min_size=1, max_size=12), st.sampled_from([0.1, 0.25, 0.5, 0.9]))
def test_weights_are_repetitions(weights, q):
    values = np.arange(len(weights)) % 5 * 1.5
    weight = np.array(weights, dtype=float)
    if weight.any():
        assert weighted_quantile(values, weight, q) == weighted_quantile(np.repeat(values, weights), None, q)


@pytest.mark.parametrize("q", [0.05, 0.3, 0.5, 0.77])
@pytest.mark.parametrize("weighted", [False, True])
def test_a_quantile_minimises_the_pinball_loss(q, weighted):
    values = RNG.normal(size=31)
    weight = RNG.uniform(0.1, 2.0, 31) if weighted else None
    totals = [np.average(Pinball(q).values(z, values), weights=weight) for z in values]
    found = weighted_quantile(values, weight, q)
    assert np.average(Pinball(q).values(found, values), weights=weight) <= min(totals) + 1e-12


def test_the_median_is_numpys():
    for n in (1, 2, 7, 100):
        values = RNG.normal(size=n)
        assert weighted_quantile(values, None, 0.5) == pytest.approx(np.median(values))
    assert weighted_quantile(np.empty(0), None, 0.5) == 0.0
    assert weighted_quantile(np.ones(2), np.zeros(2), 0.5) == 0.0


def test_leaf_by_leaf():
    values, weight = RNG.normal(size=30), RNG.uniform(0.5, 1.5, 30)
    order, starts = leaves(30, [5, 1, 24])
    parts = [order[a:b] for a, b in pairwise(starts)]
    expected = [weighted_quantile(values[p], weight[p], 0.4) for p in parts]
    np.testing.assert_array_equal(quantiles(values, weight, 0.4, order, starts), expected)
    steps = [-values[p].sum() / weight[p].sum() for p in parts]
    np.testing.assert_allclose(newton_steps(values, weight, order, starts), steps, rtol=1e-12)


def test_no_step_where_the_curvature_is_gone():
    assert newton_steps(np.ones(2), np.zeros(2), np.arange(2), np.array([0, 2]))[0] == 0.0


def test_hubers_step_lies_near_the_minimum():
    """One step from the median, not the minimum itself; without outliers it is the mean."""
    values = np.append(RNG.normal(size=50), [100.0, 200.0])
    found = huber_steps(values, None, 1.5, np.arange(52), np.array([0, 52]))[0]
    best: Any = minimize_scalar(lambda z: Huber(1.5).values(z, values).sum())
    assert abs(found - best.x) < 0.1
    assert huber_steps(values, None, 1e9, np.arange(52), np.array([0, 52]))[0] == pytest.approx(values.mean())
    weight = np.ones(52)
    assert huber_steps(values, weight, 1.5, np.arange(52), np.array([0, 52]))[0] == pytest.approx(found)
