"""Nearest centroids in Ward's sense."""

import numpy as np

from panlearn.cluster.linkage_ward import Centroids
from panlearn.cluster.nearest_neighbour_chain import new_state
from panlearn.cluster.points import coordinates


def test_nearest_centroids_are_those_of_all_pairs():
    """Also after merges, with sizes that differ and empty slots, and with clusters too tight for float32."""
    rng = np.random.default_rng(0)
    for X in (rng.normal(size=(700, 5)), 1e7 * rng.integers(0, 3, size=(700, 2)) + rng.normal(size=(700, 2))):
        clusters = Centroids(coordinates(X))
        state = new_state(clusters.order)
        clusters.ask(state, np.arange(700))
        drop = np.arange(0, 200, 2)
        clusters.merge(state, drop, drop + 1)
        alive = np.flatnonzero(state.size)
        clusters.ask(state, alive)
        C, size = clusters.tiles.C[:, alive].T, state.size[alive]
        delta = ((C[:, None] - C[None]) ** 2).sum(axis=2) * np.outer(size, size) / np.add.outer(size, size)
        np.fill_diagonal(delta, np.inf)
        np.testing.assert_allclose(state.gap[alive], delta.min(axis=1), rtol=1e-12)
        np.testing.assert_array_equal(state.nearest[alive], alive[delta.argmin(axis=1)])
