"""Covariances of a chain: equal to enumeration and to differences of marginals, however long the sequence."""

from itertools import pairwise

import numpy as np
import pytest

import panlearn
from panlearn.nn import crf_covariances
from panlearn.nn.crf_covariances import covariances
from tests.oracles.crf_layer import enumerated, score


def problem(lengths=(3, 1, 4), n_tags=3, seed=0):
    rng = np.random.default_rng(seed)
    n = sum(lengths)
    scores, U = rng.normal(size=(2, n, n_tags))
    A, W = rng.normal(size=(2, n_tags, n_tags))
    return scores, A, np.cumsum([0, *lengths]), (U, W), rng.normal(size=len(lengths))


@pytest.mark.parametrize("n_tags", [1, 2, 3])
def test_matches_oracle(n_tags):
    scores, A, offsets, (U, W), g = problem((3, 1, 0, 4), n_tags)
    found, none = covariances(scores, A, offsets, (U, W), g), np.zeros(n_tags)
    pairs = np.zeros((n_tags, n_tags))
    for s, (a, b) in enumerate(pairwise(offsets)):
        answer = enumerated(scores[a:b], none, A, none)
        p = np.exp(answer.log_p)
        values = np.array([score(path, U[a:b], none, W, none) for path in answer.paths])
        mean = p @ values
        assert found.mean[s] == pytest.approx(mean)
        frames = np.zeros((b - a, n_tags))
        for path, weight in zip(answer.paths, p * (values - mean) * g[s]):
            for t, tag in enumerate(path):
                frames[t, tag] += weight
                if t:
                    pairs[path[t - 1], tag] += weight
        np.testing.assert_allclose(found.frames[a:b], frames, atol=1e-14)
    np.testing.assert_allclose(found.pairs, pairs, atol=1e-14)
    assert found.exact


def test_long_sequences_lose_nothing():
    """Means as large as the sequence is long are taken out step by step: a constant direction has covariance 0."""
    scores, A, offsets, _, _ = problem((20_000,), 4)
    g = np.ones(1)
    found = covariances(scores, A, offsets, (np.full((20_000, 4), 1e3), np.full((4, 4), -7.0)), g)
    assert found.mean[0] == pytest.approx(20_000 * 1e3 - 19_999 * 7.0, rel=1e-12)
    assert np.abs(found.frames).max() < 1e-11
    assert np.abs(found.pairs).max() < 1e-7  # sums of 20,000 of them


def test_threads_and_weights(monkeypatch):
    scores, A, offsets, direction, g = problem((5, 1, 9, 0, 30, 2), 4)
    expected = covariances(scores, A, offsets, direction, g)
    monkeypatch.setattr(crf_covariances, "GATE", 0)
    for count in (2, 5):
        with panlearn.threads(count):
            found = covariances(scores, A, offsets, direction, g)
        np.testing.assert_array_equal(found.frames, expected.frames)
        np.testing.assert_allclose(found.pairs, expected.pairs, rtol=1e-13, atol=1e-13)
    twice = covariances(scores, A, offsets, direction, 2 * g)
    np.testing.assert_allclose(twice.frames, 2 * expected.frames)
    np.testing.assert_array_equal(twice.mean, expected.mean)


def test_edge_cases():
    """What is forbidden has covariance 0; an underflow is said."""
    scores, A, offsets, direction, g = problem()
    A[0, 1] = scores[1, 2] = -np.inf
    found = covariances(scores, A, offsets, direction, g)
    assert found.exact
    assert found.pairs[0, 1] == 0
    assert (found.frames[1, 2], np.isfinite(found.frames).all()) == (0, True)
    A[:], A[0, :2] = 0.0, -5000.0  # the only way on from tag 0
    A[1:, 0] = 1.0
    alone = np.array([[0.0, -5000.0, -5000.0], [-5000.0, 0.0, -5000.0]])
    assert not covariances(alone, np.where(np.eye(3) > 0, 5000.0, 0.0), np.array([0, 2]), (alone, A), g[:1]).exact
