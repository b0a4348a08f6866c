"""The best path by hand, and against the enumeration."""

import numpy as np
import pytest
import torch

from panlearn.decode import ctc_greedy
from tests.oracles.ctc import collapse, paths


@pytest.mark.parametrize("blank", [0, 2])
def test_is_the_best_path(blank):
    rng = np.random.default_rng(0)
    for _ in range(20):
        log_probs = np.log(rng.dirichlet(np.ones(3), rng.integers(1, 6)))
        path, score = max(paths(log_probs), key=lambda found: found[1])
        found = ctc_greedy(log_probs, blank=blank)
        assert tuple(found.tokens) == collapse(path, blank)
        assert found.score == pytest.approx(score)
        assert [path[t] for t in found.starts] == found.tokens.tolist()


def test_collapse_example():
    """The worked example: repeats are merged, then blanks dropped; a blank keeps a doubled letter apart."""
    path = [1, 1, 0, 1, 2, 2, 0]
    found = ctc_greedy(np.log(np.eye(3)[path] + 1e-9))
    assert found.tokens.tolist() == [1, 1, 2]
    assert found.starts.tolist() == [0, 3, 4]
    assert ctc_greedy(np.zeros((3, 1))).tokens.tolist() == []


def test_batches():
    log_probs = torch.randn(3, 8, 5, generator=torch.Generator().manual_seed(0)).log_softmax(-1)
    many = ctc_greedy(log_probs, lengths=[8, 2, 0])
    for i, n in enumerate((8, 2, 0)):
        one = ctc_greedy(log_probs[i, :n])
        assert one.tokens.tolist() == many[i].tokens.tolist()
        assert one.score == pytest.approx(many[i].score)
    assert many[2].score == 0.0
