"""Tiles: their order, and that no tile is passed over wrongly."""

import numpy as np

from panlearn.cluster.centroid_tiles import make_tiles, may_be_nearer, outside_box, spatial_order
from panlearn.cluster.points import TILE, coordinates


def test_the_order_puts_neighbours_together():
    C = coordinates(np.random.default_rng(0).uniform(size=(5000, 2))).C
    order = spatial_order(C)
    assert (np.sort(order) == np.arange(5000)).all()
    tiles = make_tiles(np.ascontiguousarray(C[:, order]), np.ones(5000))
    area = np.prod((tiles.high - tiles.low)[:, :2], axis=1)
    assert area.sum() < 1.1 * np.prod(np.ptp(C[:2], axis=1))  # boxes hardly overlap


def test_a_tile_with_something_nearer_is_never_passed_over():
    rng = np.random.default_rng(0)
    C = coordinates(rng.normal(size=(2000, 6))).C
    C = np.ascontiguousarray(C[:, spatial_order(C)])
    tiles, sums, passed = make_tiles(C, np.ones(2000)), np.empty(TILE, np.float32), 0
    for p in range(0, 2000, 40):
        x = C[:, p].copy()
        squared = ((C.T - x) ** 2).sum(axis=1)
        for tile in range(len(tiles.low)):
            least = squared[tile * TILE : tile * TILE + TILE].min()
            assert outside_box(tiles, tile, x) <= least
            assert may_be_nearer(tiles, tile, x, float(x @ x), 1.0, least / 2, sums)
            passed += not may_be_nearer(tiles, tile, x, float(x @ x), 1.0, 0.49 * least, sums)
    assert passed > 0.8 * 50 * len(tiles.low)  # and most others are
