"""What dropout and batch normalisation do, where the course notes are ambiguous or wrong (see docs/errata.md)."""

import pytest
import torch
from torch import nn


def test_dropout_is_inverted():
    """Survivors are divided by 1 - p in training; at test time nothing is scaled, by p or otherwise."""
    x, layer = torch.ones(200_000), nn.Dropout(0.2)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        out = layer(x)
    assert set(out.unique().tolist()) == {0.0, 1.25}
    assert out.mean().item() == pytest.approx(1.0, abs=0.005)  # the expected signal is kept
    assert (out == 0).float().mean().item() == pytest.approx(0.2, abs=0.005)  # p is the share dropped
    assert torch.equal(layer.eval()(x), x)


def test_scaling_by_the_share_dropped_at_test_time_would_be_wrong():
    """Note 001 multiplies by p at test time; the mean over all thinned networks is that with weights times 1 - p."""
    w, x, p = torch.tensor([1.0, 2.0, 3.0]), torch.tensor([1.0, -1.0, 2.0]), 0.2
    masks = torch.cartesian_prod(*[torch.tensor([0.0, 1.0])] * 3)  # 2^3 networks
    probability = torch.prod(torch.where(masks == 1, 1 - p, p), 1)
    mean = (probability * ((masks * x) @ w)).sum()
    torch.testing.assert_close(mean, (1 - p) * (w @ x))


def test_gamma_is_the_standard_deviation_and_beta_the_mean():
    layer = nn.BatchNorm1d(3)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([2.0, 0.5, 3.0]))
        layer.bias.copy_(torch.tensor([1.0, -1.0, 0.0]))
    x = 7 + 4 * torch.randn(5000, 3, generator=torch.Generator().manual_seed(0))
    out = layer(x)
    torch.testing.assert_close(out.std(0, correction=0), layer.weight.detach(), rtol=1e-4, atol=0)  # not its root
    torch.testing.assert_close(out.mean(0), layer.bias.detach(), rtol=0, atol=1e-4)


def test_running_statistics_judge_new_rows():
    """At test time a row's answer does not hang on the other rows of its batch."""
    random = torch.Generator().manual_seed(0)
    layer = nn.BatchNorm1d(2, momentum=None)  # plain means over the batches
    batches = [3 + 2 * torch.randn(50, 2, generator=random) for _ in range(20)]
    for batch in batches:
        layer(batch)
    torch.testing.assert_close(layer.running_mean, torch.stack([b.mean(0) for b in batches]).mean(0))
    torch.testing.assert_close(layer.running_var, torch.stack([b.var(0) for b in batches]).mean(0))
    layer.eval()
    row = torch.tensor([[3.0, 5.0]])
    torch.testing.assert_close(layer(torch.cat([row, batches[0]]))[:1], layer(row))
    expected = (row - layer.running_mean) / (layer.running_var + layer.eps).sqrt()  # type: ignore
    torch.testing.assert_close(layer(row), expected)


def test_maps_share_their_statistics_over_places():
    """One mean and one deviation for each filter, over rows and places (note 004 §4)."""
    x = 5 + torch.randn(4, 3, 6, 6, generator=torch.Generator().manual_seed(0))
    out = nn.BatchNorm2d(3)(x)
    torch.testing.assert_close(out.mean((0, 2, 3)), torch.zeros(3), rtol=0, atol=1e-5)
    torch.testing.assert_close(out.std((0, 2, 3), correction=0), torch.ones(3), rtol=1e-4, atol=0)


def test_a_bias_before_batch_normalisation_does_nothing():
    torch.manual_seed(0)
    layer, norm, x = nn.Linear(4, 3), nn.BatchNorm1d(3), torch.randn(30, 4)
    before = norm(layer(x))
    with torch.no_grad():
        layer.bias.add_(100.0)
    torch.testing.assert_close(norm(layer(x)), before, rtol=0, atol=1e-4)


def test_one_row_cannot_be_normalised():
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        nn.BatchNorm1d(3)(torch.zeros(1, 3))
