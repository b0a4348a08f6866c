"""Perceptron, passive-aggressive and AROW: the rules of the papers, step by step with dense vectors."""

import numpy as np
import pytest

from panlearn.sequence import crf_paths as paths
from panlearn.sequence.crf_mistakes import learn_from_mistakes
from panlearn.sequence.crf_training import CRFSettings
from tests.oracles.crf_problem import crf_problem


def textbook(problem, settings, passes):
    """The same updates, the mean of the weights over all steps taken as a mean."""
    data, rng = paths.sentences_of(problem), np.random.default_rng(settings.seed)
    work, K = paths.work_of(data), len(problem.features.labels)
    w, spread, history = np.zeros(problem.n_weights), np.full(problem.n_weights, settings.variance), []
    for _ in range(passes):
        for s in rng.permutation(len(data.weight)):
            length = int(data.offsets[s + 1] - data.offsets[s])
            history.append(w.copy())
            if not length:
                continue
            paths.sentence_scores(data, s, w, 1.0, work.scores)
            found = paths.best_path(length, w[K:].reshape(3, 3), work)
            true = paths.path_score(data, s, w, 1.0, work)
            wrong = (problem.tags[data.offsets[s] : data.offsets[s + 1]] != work.path[:length]).sum()
            if not wrong:
                continue
            delta = np.zeros_like(w)
            n = paths.difference(data, s, work)
            delta[work.touched[:n]] = work.amount[:n]
            if settings.algorithm == "ap":
                w = w + delta
            elif settings.algorithm == "pa":
                loss = found - true + (np.sqrt(wrong) if settings.error_sensitive else 1.0)
                norm = delta @ delta
                tau = (loss / norm, min(loss / norm, settings.c), loss / (norm + 0.5 / settings.c))[settings.pa_type]
                w = w + tau * delta
            else:
                alpha = (found - true + wrong) / (settings.gamma + delta @ (spread * delta))
                w, spread = w + alpha * spread * delta, 1 / (1 / spread + delta**2 / settings.gamma)
    averaged = settings.algorithm == "ap" or (settings.algorithm == "pa" and settings.averaging)
    return np.mean([*history, w], axis=0) if averaged else w


@pytest.mark.parametrize(
    "given",
    [
        {"algorithm": "ap"},
        *({"algorithm": "pa", "pa_type": kind} for kind in (0, 1, 2)),
        {"algorithm": "pa", "averaging": False, "error_sensitive": False, "c": 0.3},
        {"algorithm": "arow", "gamma": 0.7, "variance": 2.0},
    ],
)
def test_matches_textbook(given):
    settings = CRFSettings(**given, max_iterations=3, epsilon=0.0, seed=5)
    problem = crf_problem(0)
    w, trace, converged = learn_from_mistakes(problem, settings, np.zeros(problem.n_weights))
    np.testing.assert_allclose(w, textbook(problem, settings, 3), atol=1e-10)
    assert len(trace) == 3
    assert not converged


def test_weight_zero_is_left_out():
    problem = crf_problem(1)
    w, *_ = learn_from_mistakes(
        problem._replace(weight=np.zeros(12)), CRFSettings("ap", max_iterations=2), np.zeros(problem.n_weights)
    )
    assert not w.any()


@pytest.mark.parametrize("algorithm", ["ap", "pa", "arow"])
def test_separable_sequences_are_learned(algorithm):
    problem = crf_problem(2, s=30)
    own = problem.encoded._replace(
        indptr=np.arange(len(problem.tags) + 1), indices=problem.tags.copy(), values=None, n_attributes=3
    )
    from panlearn.sequence.crf_features import state_features

    problem = problem._replace(encoded=own, features=state_features(own, problem.tags, 3))
    settings = CRFSettings(algorithm, max_iterations=100, epsilon=1e-9)
    _, trace, converged = learn_from_mistakes(problem, settings, np.zeros(problem.n_weights))
    assert converged
    assert trace[-1] == 0.0
