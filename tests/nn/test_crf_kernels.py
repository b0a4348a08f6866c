"""Loops over a padded batch: the same numbers as NumPy's."""

import numpy as np
import pytest

from panlearn.nn import crf_kernels
from panlearn.nn.crf_kernels import Padded

OFFSETS = np.array([0, 3, 3, 5])
ROWS = np.array([0, 1, 3, 8, 10])


def padded(dtype="f4", seed=0) -> Padded:
    random = np.random.default_rng(seed)
    emissions = random.normal(0, 3, (12, 6)).astype(dtype)
    return Padded(emissions, ROWS, OFFSETS, random.normal(size=6), random.normal(size=6))


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_fold_and_exponentiate(dtype):
    batch = padded(dtype)
    scores = np.empty((5, 6))
    assert crf_kernels.fold(batch, 0, 3, scores) == -1
    right = batch.emissions[ROWS].astype(float)
    right[[0, 3]] += batch.start
    right[[2, 4]] += batch.end
    np.testing.assert_array_equal(scores, right)
    right[1] = scores[1] = -np.inf
    scores[0, 0] = right[0, 0] = -2000.0
    shift, total = np.empty(5), np.empty(3)
    crf_kernels.lower(scores, OFFSETS, 0, 3, shift, total)
    crf_kernels.exponentiate(scores.reshape(-1))
    top = np.where(np.isneginf(right.max(1)), 0.0, right.max(1))
    np.testing.assert_array_equal(shift, top)
    np.testing.assert_allclose(total, [top[:3].sum(), 0, top[3:].sum()])
    np.testing.assert_allclose(scores, np.exp(right - top[:, None]), rtol=4e-16)


def test_bad_frames_are_found():
    for value in (np.nan, np.inf):
        batch = padded()
        batch.emissions[8, 2] = value
        assert crf_kernels.fold(batch, 0, 3, np.empty((5, 6))) == 3
    batch = padded()
    batch.start[1] = np.nan
    assert crf_kernels.fold(batch, 0, 3, np.empty((5, 6))) >= 0


def test_score_and_gradients():
    batch, random = padded("f8"), np.random.default_rng(1)
    transitions, marginals = random.normal(size=(6, 6)), random.dirichlet(np.ones(6), 5)
    tags, weight, total = random.integers(0, 6, 12), np.array([1.0, 5.0, -2.0]), np.empty(3)
    assert crf_kernels.score(batch, transitions, tags, total)
    y = tags[ROWS]
    each = batch.emissions[ROWS, y]
    first = batch.start[y[0]] + each[:3].sum() + transitions[y[0], y[1]] + transitions[y[1], y[2]] + batch.end[y[2]]
    last = batch.start[y[3]] + each[3:].sum() + transitions[y[3], y[4]] + batch.end[y[4]]
    np.testing.assert_allclose(total, [first, 0.0, last])
    out, start, end, pairs = np.zeros((12, 6)), np.zeros(6), np.zeros(6), np.zeros((6, 6))
    crf_kernels.frame_gradient(batch, marginals, tags, weight, 0, 3, out)
    crf_kernels.chain_gradient(batch, marginals, tags, weight, pairs, start, end)
    right = weight[[0, 0, 0, 2, 2], None] * (np.eye(6)[y] - marginals)
    np.testing.assert_allclose(out[ROWS], right)
    np.testing.assert_allclose(start, right[0] + right[3])
    np.testing.assert_allclose(end, right[2] + right[4])
    steps = np.zeros((6, 6))
    np.add.at(steps, (y[[0, 1, 3]], y[[1, 2, 4]]), weight[[0, 0, 2]])
    np.testing.assert_array_equal(pairs, steps)
    assert not crf_kernels.score(batch, transitions, tags - 6, total)
