"""Steps of Baum-Welch: counts, priors, zeros that stay, tags, and sequences that underflow."""

from typing import Any

import numpy as np
import pytest

from panlearn.core.errors import DataError
from panlearn.sequence.categorical_hmm import CategoricalEmissions, CategoricalPriors
from panlearn.sequence.hmm_blocks import Block
from panlearn.sequence.hmm_steps import Parameters, Priors, Sums, expected, framed, from_tags, log_prior, maximised
from tests.oracles import hmm as oracle

RNG = np.random.default_rng(0)
B = RNG.dirichlet(np.ones(4), 3)
PARAMETERS: Any = Parameters(RNG.dirichlet(np.ones(3)), RNG.dirichlet(np.ones(3), 3), CategoricalEmissions(B.T.copy()))
FLAT = Priors(1.0, 1.0, CategoricalPriors(1.0, "e"), "ste")
X = np.array([0, 1, 3, 2, 2, 0])[:, None]
OFFSETS = np.array([0, 4, 4, 6])  # the second sequence is empty


def block(tags=None, weight=None):
    return Block(X, OFFSETS, weight, tags, 0)


def test_counts_are_those_of_enumeration():
    frames = [oracle.categorical(B, x.astype(float)) for x in (X[:4, 0], X[4:, 0])]
    found = [oracle.posterior(PARAMETERS.start, PARAMETERS.transitions, b) for b in frames]
    sums = expected(block(weight=np.array([2.0, 9.0, 0.5])), PARAMETERS)
    assert sums.log_likelihood == pytest.approx(2 * np.log(found[0][0]) + 0.5 * np.log(found[1][0]))
    np.testing.assert_allclose(sums.start, 2 * found[0][1][0] + 0.5 * found[1][1][0])
    np.testing.assert_allclose(sums.pairs, 2 * found[0][2] + 0.5 * found[1][2])


def test_a_tag_rules_out_the_other_states():
    tags = np.array([-1, 2, -1, -1, 0, -1])
    frames = [oracle.categorical(B, x.astype(float)) for x in (X[:4, 0], X[4:, 0])]
    frames[0][1, :2] = 0.0
    frames[1][0, 1:] = 0.0
    found = [oracle.posterior(PARAMETERS.start, PARAMETERS.transitions, b) for b in frames]
    sums = expected(block(tags), PARAMETERS)
    assert sums.log_likelihood == pytest.approx(sum(np.log(p) for p, _, _ in found))
    np.testing.assert_allclose(sums.pairs, found[0][2] + found[1][2])


def test_a_tag_far_below_the_likeliest_state_is_not_lost_to_underflow():
    far = CategoricalEmissions(np.array([[1.0, 1e-200], [1e-200, 1.0]]))
    rows, tags = np.zeros((5, 1), dtype=int), np.full(5, 1)
    likelihood, shift = framed(Block(rows, np.array([0, 5]), None, tags, 0), far)
    assert likelihood.tolist() == [[0.0, 1.0]] * 5
    np.testing.assert_allclose(shift, np.log(1e-200))
    parameters = Parameters(np.full(2, 0.5), np.full((2, 2), 0.5), far)
    sums = expected(Block(rows, np.array([0, 5]), None, tags, 0), parameters)
    assert sums.log_likelihood == pytest.approx(5 * np.log(0.5e-200))


def test_products_below_the_smallest_float_are_exact():
    tiny = CategoricalEmissions(np.array([[1e-300, 1e-305], [1.0, 1.0]]))
    chain = Parameters(np.array([1e-150, 1.0]), np.array([[1.0, 1e-300], [1e-300, 1.0]]), tiny)
    sums = expected(Block(np.zeros((2000, 1), dtype=int), np.array([0, 2000]), None, None, 0), chain)
    logs = np.array([np.log(1e-150) + 2000 * np.log(1e-300), 2000 * np.log(1e-305)])
    assert sums.log_likelihood == pytest.approx(np.logaddexp(*logs), rel=1e-9)


def test_impossible_sequences_are_named_unless_they_weigh_nothing():
    stuck = PARAMETERS._replace(transitions=np.eye(3), emissions=CategoricalEmissions(np.eye(4, 3)))
    with pytest.raises(DataError, match="sequence 7 "):
        expected(Block(X, OFFSETS, None, None, 7), stuck)
    sums = expected(block(weight=np.zeros(3)), stuck)
    assert sums.log_likelihood == 0.0
    assert not sums.pairs.any()


def test_zeros_stay_and_rows_without_counts_are_kept():
    A = np.array([[0.5, 0.5, 0.0], [0.0, 0.5, 0.5], [0.0, 0.0, 1.0]])
    parameters = PARAMETERS._replace(start=np.array([1.0, 0.0, 0.0]), transitions=A)
    pairs = np.array([[1.0, 3.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 2.0]])
    sums = Sums(0.0, np.array([2.0, 0.0, 0.0]), pairs, expected(block(), PARAMETERS).emissions)
    found = maximised(parameters, sums, FLAT._replace(start=5.0, transitions=1.0))
    assert found.start.tolist() == [1.0, 0.0, 0.0]
    assert found.transitions.tolist() == [[0.25, 0.75, 0.0], [0.0, 0.5, 0.5], [0.0, 0.0, 1.0]]
    prior = maximised(parameters, sums, FLAT._replace(transitions=2.0)).transitions
    np.testing.assert_allclose(prior, [[2 / 6, 4 / 6, 0], [0, 0.5, 0.5], [0, 0, 1]])
    fixed = maximised(parameters, sums, FLAT._replace(params="e"))
    assert fixed.transitions is A
    less = maximised(parameters, sums, FLAT._replace(transitions=-3.0)).transitions  # negative counts are none
    np.testing.assert_allclose(less[0], A[0])


def test_prior_of_the_chain():
    assert log_prior(PARAMETERS, FLAT) == 0.0
    value = log_prior(PARAMETERS, FLAT._replace(start=2.0, transitions=3.0))
    assert value == pytest.approx(np.log(PARAMETERS.start).sum() + 2 * np.log(PARAMETERS.transitions).sum())
    assert log_prior(PARAMETERS._replace(start=np.array([1.0, 0.0, 0.0])), FLAT._replace(start=2.0)) == 0.0


def test_start_from_tags_counts_them():
    tags = np.array([0, 1, 1, -1, 0, 0])
    found: Any = from_tags(PARAMETERS, X, OFFSETS, tags, FLAT)
    np.testing.assert_allclose(found.start, (np.array([2, 0, 0]) + 1 / 3) / 3)
    counts = np.array([[1, 1, 0], [0, 1, 0], [0, 0, 0]]) + 1 / 3
    np.testing.assert_allclose(found.transitions, counts / counts.sum(axis=1, keepdims=True))
    np.testing.assert_allclose(found.emissions.table[:, 0], [2 / 3, 0, 1 / 3, 0], atol=0.01)
    assert (found.emissions.likelihood(X)[0].max(axis=1) > 0).all()
