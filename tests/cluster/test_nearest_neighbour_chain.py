"""Rounds and chains find the same tree."""

import numpy as np
import pytest

from panlearn.cluster import nearest_neighbour_chain
from panlearn.cluster.linkage_ward import Centroids
from panlearn.cluster.merge_tree import linkage_matrix
from panlearn.cluster.nearest_neighbour_chain import agglomerate
from panlearn.cluster.points import coordinates


@pytest.mark.parametrize("fewest", [2, 10**9])
def test_rounds_alone_and_chains_alone(monkeypatch, fewest):
    X = np.random.default_rng(0).normal(size=(700, 3))
    both = linkage_matrix(agglomerate(Centroids(coordinates(X))), 700)
    monkeypatch.setattr(nearest_neighbour_chain, "ROUNDS_FROM", fewest)
    np.testing.assert_allclose(linkage_matrix(agglomerate(Centroids(coordinates(X))), 700), both, rtol=1e-12)


def test_calls_are_short(monkeypatch):
    """A small budget of operations cuts the work into many calls, and changes nothing."""
    X = np.random.default_rng(0).normal(size=(700, 3))
    once = linkage_matrix(agglomerate(Centroids(coordinates(X))), 700)
    monkeypatch.setattr(nearest_neighbour_chain, "BATCH", 3e4)
    np.testing.assert_array_equal(linkage_matrix(agglomerate(Centroids(coordinates(X))), 700), once)
