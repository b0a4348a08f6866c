"""The heap against sorting."""

import numpy as np
import pytest

from panlearn.decode.score_heap import SCORED, add, fall, rise


@pytest.mark.parametrize("n", [1, 5, 40])
@pytest.mark.parametrize("k", [1, 3, 8])
def test_keeps_the_best(n, k):
    rng = np.random.default_rng(n + k)
    scores = rng.integers(0, 12, n).astype(float)  # with ties
    heap, held, owned = np.zeros(k, SCORED), 0, {}
    for i, score in enumerate(scores):
        place = add(heap, held, score)
        if place >= 0:
            held, owned[place] = min(held + 1, k), i
    fall(heap, held)
    best = sorted(scores, reverse=True)[:k]
    assert heap["score"][:held].tolist() == best
    assert [scores[owned[place]] for place in heap["place"][:held]] == best
    assert sorted(heap["place"][:held]) == list(range(held))


def test_sorts_what_belongs_together():
    heap = np.zeros(4, SCORED)
    for i, score in enumerate([0.5, -1.0, 2.0]):
        rise(heap, i, score, 10 + i)
    fall(heap, 3)
    assert heap["place"][:3].tolist() == [12, 10, 11]
