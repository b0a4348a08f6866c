"""The layout is made once for the same trees, and again for others."""

import numpy as np

from panlearn.ensemble.packed_cache import PackedCache
from tests.oracles import forest as oracle


def test_same_trees_same_layout():
    trees = [oracle.random_tree(np.random.default_rng(0), m, 2) for m in (3, 4)]
    cache = PackedCache()
    first = cache.of(trees)
    assert cache.of(list(trees)) is first
    assert cache.of(trees[::-1]) is not first
    assert cache.of(trees[:1]).n_trees == 1
