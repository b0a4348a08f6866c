"""Dynamic k-max pooling: k by layer and length, order kept."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from panlearn.nn.blocks.dynamic_k_max_pool import DynamicKMaxPool1d
from tests.oracles.text_convolution import k_largest


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 4), st.integers(1, 3), st.integers(1, 9))
def test_matches_oracle(seed, k_top, layer, t):
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, t + 1, 3)
    scores = rng.normal(size=(3, 2, t))
    for row, n in zip(scores, lengths):
        row[:, n:] = -np.inf
    kept, sizes = DynamicKMaxPool1d(k_top, layer, 3)(torch.from_numpy(scores), torch.from_numpy(lengths))
    for i, n in enumerate(lengths):
        k = max(k_top, int(np.ceil((3 - layer) / 3 * n - 1e-9)))
        assert sizes[i] == k
        for c in range(2):
            expected = k_largest(scores[i, c, :n], k)
            np.testing.assert_array_equal(kept[i, c, :k], expected)
            assert not kept[i, c, k:].any()


def test_example_of_the_paper():
    """18 words, 3 layers, k_top 3: k_1 = 12, k_2 = 6 [kalchbrenner2014] §3.4."""
    scores, lengths = torch.randn(1, 1, 30), torch.tensor([18])
    assert [DynamicKMaxPool1d(3, layer, 3)(scores, lengths)[1].item() for layer in (1, 2, 3)] == [12, 6, 3]


def test_gradient():
    scores = torch.randn(2, 2, 5, dtype=torch.float64, requires_grad=True, generator=torch.Generator().manual_seed(0))
    assert torch.autograd.gradcheck(lambda x: DynamicKMaxPool1d(2, 1, 2)(x, torch.tensor([5, 3]))[0], (scores,))


def test_bad_settings():
    with pytest.raises(ValueError, match="k_top"):
        DynamicKMaxPool1d(0)
    with pytest.raises(ValueError, match="layer"):
        DynamicKMaxPool1d(1, 3, 2)
    assert repr(DynamicKMaxPool1d(2)) == "DynamicKMaxPool1d(k_top=2, layer=1, n_layers=1)"
