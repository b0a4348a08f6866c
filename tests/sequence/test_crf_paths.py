"""One sequence at a time: scores, best path and the difference of two paths, against enumeration."""

from itertools import pairwise, product

import numpy as np
import pytest

from panlearn.sequence import crf_paths as paths
from tests.oracles.crf_problem import crf_problem, token_scores


@pytest.mark.parametrize("values", [False, True])
def test_best_path_and_difference(values):
    problem = crf_problem(0, s=20, values=values)
    data, rng = paths.sentences_of(problem), np.random.default_rng(1)
    work, K, w = paths.work_of(data), len(problem.features.labels), rng.normal(size=problem.n_weights)
    w[K:][~problem.transitions.allowed.ravel()] = 0.0
    T, every = w[K:].reshape(3, 3), token_scores(problem, w)
    for s, (a, b) in enumerate(pairwise(problem.encoded.offsets)):
        if a == b:
            continue
        paths.sentence_scores(data, s, w, 1.0, work.scores)
        np.testing.assert_allclose(work.scores[: b - a], every[a:b], atol=1e-12)

        def score(path, a=a):
            return sum(every[a + t, y] for t, y in enumerate(path)) + sum(T[i, j] for i, j in pairwise(path))

        best, true = max(product(range(3), repeat=b - a), key=score), problem.tags[a:b].tolist()
        found = paths.best_path(b - a, T, work)
        assert work.path[: b - a].tolist() == list(best)
        assert found == pytest.approx(score(best))
        assert paths.path_score(data, s, w, 1.0, work) == pytest.approx(score(true))
        n = paths.difference(data, s, work)
        listed = work.touched[:n].tolist()
        assert len(set(listed)) == n
        assert w[listed] @ work.amount[:n] == pytest.approx(score(true) - score(best), abs=1e-10)
        assert not work.delta.any()


def test_scale_is_that_of_the_weights():
    problem = crf_problem(2)
    data, w = paths.sentences_of(problem), np.random.default_rng(2).normal(size=problem.n_weights)
    work, other = paths.work_of(data), paths.work_of(data)
    paths.sentence_scores(data, 0, w, 0.5, work.scores)
    paths.sentence_scores(data, 0, 0.5 * w, 1.0, other.scores)
    np.testing.assert_allclose(work.scores[:4], other.scores[:4])
    assert paths.path_score(data, 0, w, 0.5, work) == pytest.approx(paths.path_score(data, 0, 0.5 * w, 1.0, other))
