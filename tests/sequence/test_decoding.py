"""Best paths of many sequences against enumeration and a plain recursion."""

import itertools

import numpy as np
import pytest

import panlearn
from panlearn.sequence import bundles
from panlearn.sequence.decoding import n_best_paths, viterbi_paths
from tests.oracles.sequence_enumeration import best_paths


def problem(lengths, n, seed=0, whole=False, forbidden=0.0):
    rng = np.random.default_rng(seed)
    model = [rng.normal(size=s) * 3 for s in ((sum(lengths), n), n, (n, n), n)]
    if whole:  # small whole numbers: many ties
        model = [np.round(x) for x in model]
    model[2][rng.random((n, n)) < forbidden] = -np.inf
    return model, np.concatenate([[0], np.cumsum(lengths)])


def plain(scores, start, transitions, end):
    delta, back = start + scores[0], []
    for row in scores[1:]:
        ways = delta[:, None] + transitions
        back.append(ways.argmax(axis=0))  # argmax takes the first: ties to the lowest state
        delta = ways.max(axis=0) + row
    path = [int((delta + end).argmax())]
    for before in back[::-1]:
        path.insert(0, int(before[path[0]]))
    return path, (delta + end).max()


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("copies", [1, 9])
@pytest.mark.parametrize("forbidden", [0.0, 0.4])
def test_equals_enumeration_on_all_small_cases(n, copies, forbidden):
    lengths = [T for T in (1, 2, 3, 4) for _ in range(copies)]
    (scores, start, transitions, end), offsets = problem(lengths, n, n, forbidden=forbidden)
    paths, score = viterbi_paths(scores, offsets, start, transitions, end)
    several, values = n_best_paths(scores, offsets, start, transitions, end, 6)
    for s, (a, b) in enumerate(itertools.pairwise(offsets)):
        expected = best_paths(scores[a:b], transitions, start, end, 6)
        if not expected:
            assert score[s] == -np.inf
        else:
            assert tuple(paths[a:b]) == expected[0][0]
            assert score[s] == pytest.approx(expected[0][1], abs=1e-12)
        for k in range(6):
            if k < len(expected):
                assert tuple(several[k, a:b]) == expected[k][0]
                assert values[s, k] == pytest.approx(expected[k][1], abs=1e-12)
            else:
                assert values[s, k] == -np.inf
                assert (several[k, a:b] == -1).all()


@pytest.mark.parametrize("n", [1, 3, 8, 17, 300])  # more states than a byte counts
@pytest.mark.parametrize("whole", [False, True])
def test_equals_the_plain_recursion_ties_included(n, whole):
    lengths = np.random.default_rng(n).integers(0, 12, 14)
    (scores, *model), offsets = problem(lengths, n, n, whole)
    paths, score = viterbi_paths(scores, offsets, *model)
    for s, (a, b) in enumerate(itertools.pairwise(offsets)):
        if b > a:
            path, value = plain(scores[a:b], *model)
            assert paths[a:b].tolist() == path
            assert score[s] == pytest.approx(value, abs=1e-10)
        else:
            assert score[s] == 0.0


def test_alone_and_in_bundles(monkeypatch):
    (scores, *model), offsets = problem([30, 12, 25, 30, 7, 30, 28, 3], 9, whole=True)
    paths, score = viterbi_paths(scores, offsets, *model)
    monkeypatch.setattr(bundles, "LONG", 5)
    again, same = viterbi_paths(scores, offsets, *model)
    np.testing.assert_array_equal(again, paths)
    np.testing.assert_array_equal(same, score)


def test_any_number_of_threads_gives_the_same_paths():
    (scores, *model), offsets = problem([40] * 300, 12)
    found = []
    for count in (1, 2, 3):
        with panlearn.threads(count):
            found.append([x.tobytes() for x in viterbi_paths(scores, offsets, *model)])
    assert found[0] == found[1] == found[2]


def test_n_best_of_an_empty_sequence():
    (scores, *model), _ = problem([2], 2)
    paths, values = n_best_paths(scores, np.array([0, 0, 2]), *model, k=2)
    assert values[0].tolist() == [0.0, -np.inf]
    assert values[1, 0] >= values[1, 1] > -np.inf
    assert paths.shape == (2, 2)
