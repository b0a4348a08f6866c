"""Score and features of given taggings: tensor operations agree with counting."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from panlearn.nn import crf_gold
from panlearn.nn.crf_layout import Layout
from tests.oracles.crf_layer import score as scored

MASK = torch.tensor([[0, 1, 1, 1], [1, 1, 1, 1], [0, 0, 0, 0], [1, 0, 0, 1]], dtype=torch.bool)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("mask", [None, MASK])
def test_matches_oracle(dtype, mask):
    random = torch.Generator().manual_seed(0)
    layout = Layout((4, 4), mask, torch.device("cpu"))
    scores = torch.randn(4, 4, 3, generator=random, dtype=dtype)
    transitions = torch.randn(3, 3, generator=random, dtype=dtype)
    tags = torch.randint(0, 3, (4, 4), generator=random)
    weight = torch.tensor([1.0, -2.0, 5.0, 0.5], dtype=dtype)
    flat = layout.gather(tags)
    found = crf_gold.score(scores, transitions, flat, layout)
    nothing = torch.zeros(4, 4, 3, dtype=dtype), torch.zeros(3, 3, dtype=dtype)
    frames, pairs = crf_gold.less_observed(*nothing, flat, layout, torch.ones(4))
    heavy_frames, weighted = crf_gold.less_observed(*nothing, flat, layout, weight)
    steps, heavy = np.zeros((3, 3)), np.zeros((3, 3))
    for s in range(4):
        on = MASK[s] if mask is not None else torch.ones(4, dtype=torch.bool)
        path, none = tags[s][on].tolist(), np.zeros(3)
        assert found[s].item() == pytest.approx(
            scored(path, scores[s][on].numpy(), none, transitions.numpy(), none), 1e-5
        )
        np.testing.assert_array_equal(frames[s][on], -np.eye(3)[path].reshape(-1, 3))
        assert (frames[s][~on] == 0).all()
        for a, b in pairwise(path):
            steps[a, b] -= 1
            heavy[a, b] -= weight[s].item()
    np.testing.assert_array_equal(pairs, steps)
    np.testing.assert_allclose(weighted, heavy)
    torch.testing.assert_close(heavy_frames, frames * weight[:, None, None])
