"""The two kernels by themselves: what they leave behind, and what they leave alone."""

import numpy as np
import torch

from panlearn.core.gemm import routine
from panlearn.nn.ordered_kernels import Kept, backward, forward
from panlearn.nn.rnn_walk import Masks, Walk

B, T, H, M = 3, 4, 6, 3
SIZES = np.array([3, 2, 2, 1])
STARTS = np.array([0, 3, 5, 7, 8])
NONE = np.empty((0, 0))


def walk(first=0, stop=B, falling=False) -> Walk:
    return Walk(SIZES, STARTS, falling, first, stop, routine(np.float64))


def arrays(seed=0):
    random = np.random.default_rng(seed)
    R, G = STARTS[-1], 4 * H + 2 * M
    given, weight = random.normal(size=(R, G)), random.normal(size=(G, H))
    kept = Kept(*(np.full((R, n), np.nan) for n in (G, H, H, H)))
    return given, weight, kept, np.full((R, H), np.nan), random.normal(size=(B, H)), random.normal(size=(B, H))


def test_what_is_kept():
    given, weight, kept, outputs, h, c = arrays()
    first_h, first_c = h.copy(), c.copy()
    forward(walk(), given, weight, kept, Masks(NONE, NONE), NONE, outputs, h, c)
    np.testing.assert_array_equal(kept.entering[:3], first_h)
    np.testing.assert_array_equal(kept.before[:3], first_c)
    np.testing.assert_array_equal(kept.entering[3:5], outputs[:2])
    np.testing.assert_array_equal(kept.before[3:5], kept.cells[:2])
    np.testing.assert_array_equal(h, outputs[[7, 6, 2]])  # where each sequence ends
    np.testing.assert_array_equal(c, kept.cells[[7, 6, 2]])
    for masters in (kept.gates[:, 4 * H : 4 * H + M], kept.gates[:, 4 * H + M :]):
        np.testing.assert_allclose(masters.sum(1), 1.0)  # softmaxes
    pre = given + kept.entering @ weight.T
    np.testing.assert_allclose(kept.gates[:, : 2 * H], 1 / (1 + np.exp(-pre[:, : 2 * H])))
    np.testing.assert_allclose(kept.gates[:, 2 * H : 3 * H], np.tanh(pre[:, 2 * H : 3 * H]))


def test_slices_leave_other_sequences_alone():
    """Threads that share the arrays write what one thread would have written."""
    whole, parts = arrays(), arrays()
    forward(walk(), *whole[:3], Masks(NONE, NONE), NONE, *whole[3:])
    forward(walk(0, 1), *parts[:3], Masks(NONE, NONE), NONE, *parts[3:])
    assert np.isnan(parts[3][[1, 2, 4, 6]]).all()
    forward(walk(1, 3), *parts[:3], Masks(NONE, NONE), NONE, *parts[3:])
    np.testing.assert_allclose(parts[3], whole[3], rtol=1e-13)
    for found in (whole, parts):
        cuts = [(0, 3)] if found is whole else [(0, 1), (1, 3)]
        dh, dc = np.ones((B, H)), np.ones((B, H))
        for first, stop in cuts:
            away = walk(first, stop, falling=True)
            backward(away, found[1], found[2], Masks(NONE, NONE), NONE, np.ones((8, H)), dh, dc)
    np.testing.assert_allclose(parts[2].gates, whole[2].gates, rtol=1e-12)


def test_float32_is_compiled_for_float32():
    given, weight, kept, outputs, h, c = (
        Kept(*(y.astype(np.float32) for y in x)) if isinstance(x, Kept) else x.astype(np.float32) for x in arrays()
    )
    none = NONE.astype(np.float32)
    here = walk()._replace(routine=routine(np.float32))
    forward(here, given, weight, kept, Masks(none, none), none, outputs, h, c)
    wide = arrays()
    forward(walk(), *wide[:3], Masks(NONE, NONE), NONE, *wide[3:])
    np.testing.assert_allclose(outputs, wide[3], atol=1e-6)
    assert torch.from_numpy(outputs).dtype == torch.float32
