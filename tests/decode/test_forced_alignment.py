"""Viterbi against the enumeration of all paths."""

import numpy as np
import pytest

from panlearn.core.errors import DataError
from panlearn.decode import forced_alignment
from panlearn.decode.forced_alignment import frames_needed
from tests.oracles.ctc import best_alignment, collapse


@pytest.mark.parametrize("blank", [0, 1])
def test_is_the_best_path_of_the_string(blank):
    rng = np.random.default_rng(0)
    others = [token for token in range(3) if token != blank]
    for _ in range(40):
        log_probs = np.log(rng.dirichlet(np.ones(3), rng.integers(1, 7)))
        tokens = rng.choice(others, rng.integers(0, 4))
        best = best_alignment(log_probs, tokens, blank)
        if best == -np.inf:
            assert len(log_probs) < frames_needed(tokens)
            with pytest.raises(DataError, match="needs"):
                forced_alignment(log_probs, tokens, blank=blank)
            continue
        found = forced_alignment(log_probs, tokens, blank=blank)
        assert found.score == pytest.approx(best)
        assert collapse(found.path.tolist(), blank) == tuple(tokens)
        for token, start, end, score in zip(found.tokens, found.starts, found.ends, found.scores):
            assert (found.path[start:end] == token).all()
            assert score == pytest.approx(log_probs[start:end, token].mean())
        assert (found.starts[1:] >= found.ends[:-1]).all()


def test_batches_and_lengths():
    log_probs = np.log(np.random.default_rng(1).dirichlet(np.ones(4), (2, 9)))
    many = forced_alignment(log_probs, [[1, 2], [3, 3]], lengths=[9, 5])
    one = forced_alignment(log_probs[1, :5], [3, 3])
    np.testing.assert_array_equal(many[1].path, one.path)
    assert forced_alignment(log_probs[0, :0], []).score == 0.0


def test_refusals():
    log_probs = np.log(np.full((3, 3), 1 / 3))
    for tokens, words in (
        ([1, 1, 2], "utterance 0 has 3 frames; its string of 3 tokens needs 4"),
        ([0], "other than the blank"),
        ([3], "0 to 2"),
        ([1.5], "numbers of tokens"),
        ([[1]], "numbers of tokens"),
    ):
        with pytest.raises(DataError, match=words):
            forced_alignment(log_probs, tokens)
    with pytest.raises(DataError, match="1 strings"):
        forced_alignment([log_probs], [[1], [2]])
    never = log_probs.copy()
    never[:, 2] = -np.inf
    with pytest.raises(DataError, match="no path"):
        forced_alignment(never, [2])
