"""Without bounds: the kernel lists the rows whose label changed and those that single precision cannot decide."""

import numpy as np

from panlearn.cluster import dense_kernels as kernels
from panlearn.cluster.bound_kernels import Bounds, Centres, Found, Moves, Singles

F = np.float32


def test_step_lists_changes_and_doubts():
    rng = np.random.default_rng(0)
    X, C = rng.normal(size=(700, 3)).astype(F), rng.normal(size=(5, 3))
    C = np.vstack([C, C[4]])  # a centre twice: whoever is nearest to it is in doubt
    factor = np.zeros((6, 4), F)
    factor[:, :3] = -2 * C
    norm, square = np.linalg.norm(X, axis=1).astype(F), np.square(C).sum(axis=1)
    none = np.zeros((6, 1), F)
    centres = Centres(
        C, C.astype(F), factor, square.astype(F), F(1.001) * np.sqrt(F(square.max())), np.zeros(6, np.int32),
        np.array([0, 6], np.int32), np.arange(6, dtype=np.int32),
    )  # fmt: skip
    bounds = Bounds(np.full(700, -1, np.int32), np.zeros(700, F), np.zeros((700, 1), F))
    found = Found(np.empty(700, np.int64), np.empty(700, np.int32), np.empty(700, np.int64), np.zeros(2, np.int64))
    work, moves = kernels.work_for(6, 3, centres.start), Moves(none[:, 0], none, none)
    singles = Singles(X, norm)
    assert kernels.step(singles, bounds, centres, moves, found, work, 0, 700) == 700 * 6
    nearest = np.square(X[:, None].astype(float) - C).sum(axis=2).argmin(axis=1)
    doubtful = found.doubtful[: found.number[1]]
    assert set(np.flatnonzero(nearest == 4)) <= set(doubtful)
    sure = np.setdiff1d(np.arange(700), doubtful)
    np.testing.assert_array_equal(found.changed[: found.number[0]], sure)
    np.testing.assert_array_equal(bounds.label[sure], nearest[sure])
    found.number[:] = 0
    kernels.step(singles, bounds, centres, moves, found, work, 0, 700)
    assert found.number.tolist() == [0, len(doubtful)]  # no label changes twice
