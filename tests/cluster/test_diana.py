"""DIANA's split."""

import numpy as np

from panlearn.cluster.diana import splinter
from tests.oracles import hierarchical_clustering as oracle


def test_the_split_is_that_of_the_definition():
    for seed in range(10):
        D = oracle.distances(np.random.default_rng(seed).normal(size=(25, 2)))
        assert np.flatnonzero(splinter(D)).tolist() == oracle.splinter(D)


def test_neither_side_is_empty():
    for D in (np.zeros((4, 4)), 1 - np.eye(5), np.array([[0.0, 1.0], [1.0, 0.0]])):
        assert 0 < splinter(D).sum() < len(D)
