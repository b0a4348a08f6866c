"""Gradients of three losses in one pass, against their formulas."""

from typing import Any

import numpy as np
import pytest
from scipy.special import expit, softmax

from panlearn.ensemble.gradient_boosting.bin_layout import apply_bins
from panlearn.ensemble.gradient_boosting.binning import learn_bins
from panlearn.ensemble.gradient_boosting.fused_gradients import fused_gradients
from panlearn.ensemble.gradient_boosting.gradients import quantise


@pytest.mark.parametrize("loss", ["squared_error", "log_loss", "softmax"])
@pytest.mark.parametrize("weighted", [False, True])
def test_matches_formula(loss, weighted):
    rng = np.random.default_rng(0)
    n, k = 2000, 4 if loss == "softmax" else 1
    raw, X = np.asfortranarray(3 * rng.normal(size=(n, k))), rng.normal(size=(n, 2))
    y = rng.integers(0, k, n).astype(float) if k > 1 else rng.integers(0, 2, n).astype(float)
    weight = rng.uniform(0, 3, n) if weighted else None
    binned = apply_bins(learn_bins(X), X)
    w = np.ones((n, 1)) if weight is None else weight[:, None]
    if loss == "squared_error":
        g, h = (raw - y[:, None]) * w, w if weighted else None
    else:
        p = expit(raw) if k == 1 else softmax(raw, axis=1)
        target = y[:, None] if k == 1 else y[:, None] == np.arange(k)
        g, h = (p - target) * w, p * (1 - p) * w
    found: Any = fused_gradients(loss, raw, y, weight, binned)
    assert len(found) == k
    for c, ours in enumerate(found):
        np.testing.assert_allclose(ours.gradient, g[:, c], atol=1e-6)
        if h is None:
            assert ours.hessian is None
            continue
        np.testing.assert_allclose(ours.hessian, h[:, c], atol=1e-6)
        plain = quantise(g[:, c].copy(), h[:, c].copy(), binned)
        shift = ours.count_bits + ours.hessian_bits
        difference = (ours.packed >> shift) * ours.unit_g - (plain.packed >> shift) * plain.unit_g
        assert np.abs(difference).max() <= ours.unit_g + plain.unit_g
