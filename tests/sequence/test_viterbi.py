"""The public function: forms of input, constraints, and what it refuses."""

import numpy as np
import pytest

from panlearn.core.errors import DataError
from panlearn.sequence import viterbi

START, MOVES = np.log([0.2, 0.4, 0.4]), np.log([[0.5, 0.2, 0.3], [0.3, 0.5, 0.2], [0.2, 0.3, 0.5]])
COLOURS = np.log([[0.5, 0.5], [0.4, 0.6], [0.7, 0.3]])
SCORES = COLOURS[:, [0, 1, 0]].T


def test_three_boxes_by_hand():
    path, score = viterbi(SCORES, MOVES, START)  # the example of [li2012], 10.3
    assert path.tolist() == [2, 2, 2]
    assert np.exp(score) == pytest.approx(0.0147)


def test_every_form_of_input_gives_the_same():
    rng = np.random.default_rng(0)
    parts = [rng.normal(size=(t, 3)) for t in (4, 1, 3)]
    padded = np.full((3, 4, 3), np.nan)  # what stands in the padding does not matter
    for k, part in enumerate(parts):
        padded[k, : len(part)] = part
    listed, boxed = viterbi(parts, MOVES), viterbi(padded, MOVES, lengths=[4, 1, 3])
    for k, part in enumerate(parts):
        path, score = viterbi(part, MOVES)
        np.testing.assert_array_equal(path, listed.path[k])
        np.testing.assert_array_equal(path, boxed.path[k, : len(part)])
        assert (boxed.path[k, len(part) :] == -1).all()
        assert score == listed.score[k] == boxed.score[k]


def test_constraints_are_minus_infinity():
    scores = SCORES.copy()
    scores[1, 2] = -np.inf
    moves = MOVES.copy()
    moves[2, 0] = -np.inf
    assert viterbi(scores, moves, START).path.tolist() == [2, 1, 1]
    assert viterbi(scores, moves, START, [-np.inf, -np.inf, 0.0]).path.tolist() == [2, 1, 2]
    scores[1] = -np.inf
    assert viterbi(scores, moves, START).score == -np.inf


def test_n_best():
    paths, scores = viterbi(SCORES, MOVES, START, n_best=30)
    assert paths.shape == (30, 3)
    assert (np.diff(scores[:27]) <= 0).all()
    assert len({tuple(p) for p in paths[:27]}) == 27
    assert (scores[27:] == -np.inf).all()
    several = viterbi([SCORES, SCORES[:1]], MOVES, START, n_best=2)
    assert [p.shape for p in several.path] == [(2, 3), (2, 1)]
    assert several.score.shape == (2, 2)
    boxed = viterbi(SCORES[None], MOVES, START, n_best=2)
    assert boxed.path.shape == (2, 1, 3)
    assert boxed.score.shape == (2, 1)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_refuses(value):
    scores = SCORES.copy()
    scores[1, 0] = value
    with pytest.raises(DataError, match="Frame 1"):
        viterbi(scores, MOVES)
    with pytest.raises(DataError, match="n_best must be"):
        viterbi(SCORES, MOVES, n_best=0)
    with pytest.raises(DataError, match="transitions must have shape"):
        viterbi(SCORES, MOVES[:2])


def test_refuses_scores_whose_sums_overflow_and_tables_without_states():
    with pytest.raises(DataError, match="scores must lie within"):
        viterbi([[1e308], [1e308]], [[0.0]])
    with pytest.raises(DataError, match="a column for each state"):
        viterbi(np.ones((4, 0)), np.zeros((0, 0)))
