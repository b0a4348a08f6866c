"""The objective of a CRF against enumeration of all paths, its gradient against differences."""

import numpy as np
import pytest

import panlearn
from panlearn.sequence import crf_layout
from panlearn.sequence.crf_objective import CRFObjective, state_scores
from tests.oracles.crf_problem import crf_problem, log_likelihood, token_scores

CASES = [
    {},
    {"values": False},
    {"weighted": True},
    {"labels": 1},
    {"labels": 2, "longest": 1},
    {"all_pairs": True},
    {"min_frequency": 1.0},
]


def weights(problem, scale=1.0):
    """Random weights; zero where no transition was seen."""
    w = scale * np.random.default_rng(1).normal(size=problem.n_weights)
    w[len(problem.features.labels) :][~problem.transitions.allowed.ravel()] = 0.0
    return w


@pytest.mark.parametrize("case", CASES)
def test_matches_enumeration(case):
    problem = crf_problem(0, **case)
    w, gradient = weights(problem), np.full(problem.n_weights, np.nan)
    value = CRFObjective(problem).objective(w, gradient)
    assert value == pytest.approx(-log_likelihood(problem, w), rel=1e-12)
    for k in range(0, problem.n_weights, 3):
        step = np.zeros_like(w)
        step[k] = 1e-5
        slope = (log_likelihood(problem, w - step) - log_likelihood(problem, w + step)) / 2e-5
        unseen = k >= len(problem.features.labels) and w[k] == 0.0
        assert gradient[k] == pytest.approx(0.0 if unseen else slope, abs=1e-7)


def test_blocks_and_rows_do_not_change_the_answer(monkeypatch):
    problem = crf_problem(3, s=60)
    w, gradient = weights(problem), np.empty(problem.n_weights)
    value = CRFObjective(problem).objective(w, gradient)
    monkeypatch.setattr(crf_layout, "BLOCK_CELLS", 30)
    monkeypatch.setattr(crf_layout, "OFTEN", 1)
    other = np.empty_like(gradient)
    assert CRFObjective(problem).objective(w, other) == pytest.approx(value, rel=1e-12)
    np.testing.assert_allclose(other, gradient, atol=1e-11)


def test_same_bits_for_any_number_of_threads(monkeypatch):
    monkeypatch.setattr(crf_layout, "BLOCK_CELLS", 200)
    problem = crf_problem(4, s=3000, labels=5, longest=6)
    objective, w, found = CRFObjective(problem), weights(problem), []
    for n in (1, 2, 3):
        with panlearn.threads(n):
            gradient = np.empty(problem.n_weights)
            found.append((objective.objective(w, gradient), gradient))
    assert len({value for value, _ in found}) == 1
    assert all(np.array_equal(found[0][1], gradient) for _, gradient in found)


@pytest.mark.parametrize("scale", [50.0, 500.0])
def test_huge_weights_do_not_underflow(scale):
    problem = crf_problem(5)
    w, gradient = weights(problem, scale), np.empty(problem.n_weights)
    value = CRFObjective(problem).objective(w, gradient)
    assert value == pytest.approx(-log_likelihood(problem, w), rel=1e-9)
    assert np.isfinite(gradient).all()


def test_state_scores():
    for values in (False, True):
        problem = crf_problem(6, values=values)
        w = weights(problem)
        found = state_scores(w, problem.encoded, problem.features, 3)
        np.testing.assert_allclose(found, token_scores(problem, w), atol=1e-12)


def test_no_sequences():
    problem = crf_problem(7, s=1, longest=0)
    gradient = np.empty(problem.n_weights)
    assert CRFObjective(problem).objective(np.zeros(problem.n_weights), gradient) == 0.0
    assert not gradient.any()
