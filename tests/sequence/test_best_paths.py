"""The kernels of Viterbi: a bundle and one sequence alone find the same scores."""

import numpy as np
import pytest

from panlearn.sequence.best_paths import climb, path_alone
from panlearn.sequence.bundles import fill, take_bundle, work_arrays


@pytest.mark.parametrize("n", [1, 3, 8, 13])
def test_scores_of_a_bundle_and_of_one_sequence(n):
    rng = np.random.default_rng(n)
    scores, start, A, end = (rng.normal(size=s) for s in ((48, n), n, (n, n), n))
    bundle = take_bundle(np.arange(8), np.arange(9) * 6, np.ones(8), work_arrays(6, n))
    fill(scores, bundle, 0.0)
    climb(bundle, start, A)
    together = bundle.u[: 6 * n * 8].reshape(6, n, 8)
    width = -(-n // 8) * 8
    padded = np.full((n, width), -np.inf)
    padded[:, :n] = A
    for lane in range(8):
        delta, path, rows = np.empty((6, width)), np.empty(6, np.int64), scores[6 * lane : 6 * lane + 6]
        best = path_alone(rows, (start, padded, np.ascontiguousarray(A.T), end), delta, path)
        np.testing.assert_array_equal(delta[:, :n], together[:, :, lane])
        total = start[path[0]] + rows[range(6), path].sum() + A[path[:-1], path[1:]].sum() + end[path[-1]]
        assert best == pytest.approx(total, abs=1e-12)
