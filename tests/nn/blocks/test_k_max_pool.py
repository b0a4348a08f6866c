"""k-max pooling."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from panlearn.nn import KMaxPool1d
from panlearn.nn.blocks.k_max_pool import k_max_pool, selected, selected_by_sorting
from tests.oracles.k_max_pool import k_max_pool as oracle


@given(st.integers(0, 2**16), st.integers(1, 6), st.integers(1, 9), st.booleans())
def test_matches_oracle(seed, k, t, ties):
    rng = np.random.default_rng(seed)
    x = rng.integers(-2, 3, (3, 2, t)).astype("float32") if ties else rng.normal(size=(3, 2, t))
    lengths = rng.integers(0, t + 1, 3)
    found = KMaxPool1d(k)(torch.from_numpy(x), torch.from_numpy(lengths))
    np.testing.assert_array_equal(found.numpy(), oracle(x, k, lengths))
    np.testing.assert_array_equal(KMaxPool1d(k)(torch.from_numpy(x)).numpy(), oracle(x, k, np.full(3, t)))


def test_matches_peer():
    x = torch.randn(4, 3, 20, generator=torch.Generator().manual_seed(0))
    places = x.topk(5, dim=2).indices.sort(dim=2).values
    torch.testing.assert_close(KMaxPool1d(5)(x), x.gather(2, places))
    torch.testing.assert_close(KMaxPool1d(1)(x)[..., 0], x.amax(2))


def test_gradient():
    x = torch.randn(2, 3, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(1), requires_grad=True)
    lengths = torch.tensor([6, 2])
    assert torch.autograd.gradcheck(lambda x: KMaxPool1d(3)(x, lengths), (x,))


def test_padding_is_ignored():
    random = torch.Generator().manual_seed(2)
    x, lengths = torch.randn(3, 2, 8, generator=random) - 5, torch.tensor([8, 4, 1])
    other = x.clone()
    for row, length in enumerate(lengths):
        other[row, :, length:] = torch.inf  # larger than all that counts
    torch.testing.assert_close(KMaxPool1d(3)(other, lengths), KMaxPool1d(3)(x, lengths))


def test_a_number_for_each_row():
    """Dynamic k-max pooling: longer sentences keep more."""
    x = torch.randn(3, 2, 7, generator=torch.Generator().manual_seed(3))
    found = k_max_pool(x, torch.tensor([4, 1, 2]))
    assert found.shape == (3, 2, 4)
    for row, k in enumerate((4, 1, 2)):
        torch.testing.assert_close(found[row : row + 1, :, :k], KMaxPool1d(k)(x[row : row + 1]))
        assert not found[row, :, k:].any()


@given(st.integers(0, 2**16), st.integers(1, 12))
def test_sorting_selects_the_same_places(seed, t):
    """The path of other devices."""
    rng = np.random.default_rng(seed)
    x = torch.from_numpy(rng.integers(-2, 3, (5, 3, t)).astype("float32"))
    counts, lengths = torch.from_numpy(rng.integers(1, 8, 5)), torch.from_numpy(rng.integers(0, t + 1, 5))
    arguments = (x, counts, lengths, int(counts.max()))
    assert torch.equal(selected_by_sorting(*arguments), selected(*arguments))


def test_nan_shows():
    x = torch.tensor([[[1.0, torch.nan, 3.0, 2.0]]])
    assert KMaxPool1d(1)(x).isnan().all()
    assert KMaxPool1d(2)(x).isnan().sum() == 1


def test_edge_cases():
    assert KMaxPool1d(3)(torch.zeros(0, 2, 5)).shape == (0, 2, 3)
    assert not KMaxPool1d(3)(torch.zeros(2, 2, 0)).any()
    assert KMaxPool1d(2)(torch.tensor([[[-1.0]]])).tolist() == [[[-1.0, 0.0]]]
    half = torch.randn(2, 2, 5, generator=torch.Generator().manual_seed(0)).bfloat16()
    assert KMaxPool1d(2)(half).dtype == torch.bfloat16
    turned = torch.randn(2, 9, 3, generator=torch.Generator().manual_seed(0)).transpose(1, 2)  # not contiguous
    torch.testing.assert_close(KMaxPool1d(2)(turned), KMaxPool1d(2)(turned.contiguous()))
    with pytest.raises(ValueError, match="k must be a whole number"):
        KMaxPool1d(0)
    with pytest.raises(ValueError, match="got shape"):
        KMaxPool1d(2)(torch.zeros(2, 5))
