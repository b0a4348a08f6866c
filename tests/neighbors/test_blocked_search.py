"""The search by matrix products finds what all distances say, whatever their scale, ties and clusters."""

import numpy as np
import pytest

import panlearn
from panlearn.neighbors import blocked_search
from panlearn.neighbors.blocked_search import others_than, search_blocks
from tests.oracles import nearest_neighbours as oracle

CASES = {
    "normal": lambda rng, n: rng.normal(size=(n, 7)),
    "one column": lambda rng, n: rng.normal(size=(n, 1)),
    "ties": lambda rng, n: rng.integers(0, 3, (n, 3)).astype(float),
    "duplicates": lambda rng, n: np.ones((n, 2)),
    "far clusters": lambda rng, n: rng.normal(size=(n, 3)) + 1e9 * (np.arange(n) % 3)[:, None],
    "outlier": lambda rng, n: np.r_[rng.normal(size=(n - 1, 6)), np.full((1, 6), 1e12)],
    "huge": lambda rng, n: 1e200 * rng.normal(size=(n, 4)),
    "tiny": lambda rng, n: 1e-200 * rng.normal(size=(n, 4)),
    "offset": lambda rng, n: 1e6 + rng.normal(size=(n, 5)),
}


def all_distances(X):
    scale = np.abs(X).max()
    D = np.sqrt((((X[:, None] - X) / scale) ** 2).sum(axis=-1)) * scale
    np.fill_diagonal(D, np.inf)
    return D


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("block", [16, 100, 512])
def test_equals_all_distances(name, block, monkeypatch):
    monkeypatch.setattr(blocked_search, "BLOCK", block)
    X = CASES[name](np.random.default_rng(0), 300)
    near = search_blocks(X, 6)
    D = all_distances(X)
    np.testing.assert_allclose(near.distances, np.sort(D, axis=1)[:, :6], rtol=1e-12, atol=0)
    np.testing.assert_allclose(np.take_along_axis(D, near.indices, 1), near.distances, rtol=1e-12, atol=0)
    assert (near.indices != np.arange(300)[:, None]).all()
    assert all(len(set(row)) == 6 for row in near.indices.tolist())


def test_single_precision_is_repaired_where_it_proves_nothing():
    X = CASES["far clusters"](np.random.default_rng(0), 300)
    assert search_blocks(X, 5).repaired == 200  # the third cluster lies at the centre, where numbers are small
    assert search_blocks(CASES["normal"](np.random.default_rng(0), 300), 5).repaired == 0


@pytest.mark.parametrize("k", [1, 9, 39])
def test_categories_add_to_the_distance(k, monkeypatch):
    monkeypatch.setattr(blocked_search, "BLOCK", 10)
    rng = np.random.default_rng(1)
    X, codes = rng.normal(size=(40, 2)), rng.integers(0, 3, (40, 4))
    near = search_blocks(X, k, codes=codes, price=0.7)
    found, lengths = oracle.nearest(X, k, codes=codes, price=0.7)
    np.testing.assert_array_equal(near.indices, found)
    np.testing.assert_allclose(near.distances, lengths, rtol=1e-12)


def test_categories_with_ties_are_repaired():
    codes = np.random.default_rng(2).integers(0, 2, (200, 5))
    near = search_blocks(np.zeros((200, 1)), 4, codes=codes, price=1.0)
    np.testing.assert_array_equal(near.distances, oracle.nearest(np.zeros((200, 1)), 4, codes=codes, price=1.0)[1])


def test_threads_change_nothing(monkeypatch):
    monkeypatch.setattr(blocked_search, "BLOCK", 32)
    X = np.random.default_rng(3).normal(size=(1000, 9))
    with panlearn.threads(1):
        one = search_blocks(X, 8)
    for count in (2, 3):
        with panlearn.threads(count):
            several = search_blocks(X, 8)
        np.testing.assert_array_equal(one.indices, several.indices)
        np.testing.assert_array_equal(one.distances, several.distances)


@pytest.mark.parametrize("n", [1, 2, 3, 6, 7])
def test_rounds_are_a_tournament(n):
    rounds = blocked_search._rounds(n)
    met = [pair for pairs in rounds for pair in pairs]
    assert sorted(met) == [(a, b) for a in range(n) for b in range(a + 1, n)]
    for pairs in rounds:
        players = [player for pair in pairs for player in pair]
        assert len(players) == len(set(players))


def test_self_is_left_out():
    near = np.array([[0, 1, 2], [3, 4, 5]])
    np.testing.assert_array_equal(near[others_than(near, np.array([1, 9]))], [0, 2, 3, 4])
