"""The network over words: its poolings against loops, its channels, its rows apart from the parameters."""

from typing import Any

import numpy as np
import pytest
import torch

from panlearn.nn.blocks.text_convolution import POOLINGS, TextConvolution
from tests.oracles.text_convolution import outputs

WORDS = torch.tensor([[1, 2, 3, 4, 5], [6, 7, 0, 0, 0], [8, 8, 8, 0, 0]])
LENGTHS = torch.tensor([5, 2, 3])


def network(pooling="max", channels="trainable", seed=0, **settings) -> Any:
    torch.manual_seed(seed)
    made = TextConvolution(10, 4, 3, widths=(2, 3), n_filters=3, pooling=pooling, k=2, channels=channels, **settings)
    torch.nn.init.normal_(made.filters)
    torch.nn.init.normal_(made.shift)
    return made.double().eval()


@pytest.mark.parametrize("pooling", ["max", "k_max", "average"])
def test_matches_oracle(pooling):
    made = network(pooling)
    parameters = {name: t.numpy() for name, t in made.state_dict().items()}
    for answer, text, n in zip(made(WORDS, LENGTHS).detach(), WORDS, LENGTHS):
        expected = outputs(parameters, text[:n].numpy(), (2, 3), pooling, 2)
        np.testing.assert_allclose(answer, expected, atol=1e-12)


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid", "gelu"])
def test_padding_is_ignored(pooling, activation):
    made = network(pooling, activation=activation)
    alone = torch.cat([made(WORDS[i : i + 1, :n], LENGTHS[i : i + 1]) for i, n in enumerate(LENGTHS)])
    wide = torch.nn.functional.pad(WORDS, (0, 4), value=9)
    for words in (WORDS, WORDS + (WORDS == 0) * 7, wide):
        torch.testing.assert_close(made(words, LENGTHS), alone)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_gradient(pooling):
    made = network(pooling)
    parameters = [p for p in made.parameters() if p.requires_grad]

    def loss(*values):
        return torch.func.functional_call(
            made, dict(zip([n for n, _ in made.named_parameters()], values)), (WORDS, LENGTHS)
        )

    assert torch.autograd.gradcheck(loss, parameters, atol=1e-6)


def test_both_channels_share_the_filters():
    made = network(channels="both")
    assert (made.fixed == made.table).all()
    before = made(WORDS, LENGTHS)
    with torch.no_grad():
        half = made.table / 2
        made.table.copy_(half * 3)  # the sum of the channels decides
        made.fixed.copy_(half)
    torch.testing.assert_close(made(WORDS, LENGTHS), before)
    made(WORDS, LENGTHS).sum().backward()
    assert made.table.grad.any()
    assert network(channels="static").table.requires_grad is False


def test_rows_apart_have_the_gradient_of_the_table():
    whole, apart = network().train(), network().train()
    apart.update_rows(True)
    assert "table" not in [name for name, p in apart.named_parameters() if p.requires_grad]
    for made in (whole, apart):
        made.dropout.p = 0.0
        made(WORDS, LENGTHS).square().sum().backward()
    rows, vectors = apart.touched
    torch.testing.assert_close(vectors.grad, whole.table.grad[rows])
    assert not np.delete(whole.table.grad.numpy(), rows.numpy(), axis=0).any()
    torch.testing.assert_close(apart.filters.grad, whole.filters.grad)


def test_given_vectors():
    made = network()
    table = torch.full((10, 4), torch.nan, dtype=torch.float64)
    table[0], table[3] = 0.0, torch.arange(4.0)
    made.set_vectors(table)
    assert made.table[3].tolist() == [0, 1, 2, 3]
    assert made.table.isfinite().all()
    assert not made.table[0].any()
    drawn = made.table[4:].abs().max()
    assert 0 < drawn <= np.sqrt(3 * table[[0, 3]].numpy().var())
