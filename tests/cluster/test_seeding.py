"""Pruned distances of k-means++ against all of them."""

import numpy as np
import pytest

from panlearn.cluster.centred_rows import CentredRows
from panlearn.cluster.kmeans_plusplus import AllDistances
from panlearn.cluster.seeding import PrunedDistances
from tests.cluster.test_kmeans import data


@pytest.mark.parametrize(("n", "p"), [(2500, 2), (1100, 37)])
@pytest.mark.parametrize("weighted", [False, True])
def test_distances_and_draws_are_those_of_all_rows(n, p, weighted):
    rng = np.random.default_rng(0)
    rows = CentredRows(data(n, p, 8), rng.uniform(0, 2, n) if weighted else None)
    pruned, full = PrunedDistances(rows, 15, 4), AllDistances(rows)
    for distances in (pruned, full):
        distances.start(7)
    for _ in range(14):
        shares = rng.uniform(size=4)
        candidates = pruned.draw(shares)
        np.testing.assert_array_equal(candidates, full.draw(shares))
        assert pruned.keep_best(candidates) == full.keep_best(candidates)
        np.testing.assert_allclose(pruned.nearest, full.nearest, rtol=1e-5, atol=1e-12)
        assert pruned.totals.sum() == pytest.approx(full.potential, rel=1e-5)
