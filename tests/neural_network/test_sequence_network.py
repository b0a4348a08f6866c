"""The network of sequence estimators: each cell as `nn` has it, carried states, padding without effect."""

from typing import Any

import numpy as np
import pytest
import torch

from panlearn import nn
from panlearn.core.errors import DataError
from panlearn.neural_network.sequence_network import VARIANTS, SequenceArchitecture, SequenceNetwork
from panlearn.neural_network.training.truncated import Truncation

CELLS = [(cell, variant) for cell, variants in VARIANTS.items() for variant in variants]


def network(cell="gru", variant: Any = "standard", n_inputs=3, tokens=False, **settings):
    torch.manual_seed(0)
    return SequenceNetwork(n_inputs, SequenceArchitecture(cell, variant, 4, **settings), tokens)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize(("cell", "variant"), CELLS)
def test_padding_is_ignored(cell, variant, bidirectional):
    model = network(cell, variant, num_layers=2, bidirectional=bidirectional)
    x, lengths = torch.randn(3, 5, 3), torch.tensor([2, 5, 3])
    outputs, last = model(x, lengths)
    assert outputs.shape == (3, 5, model.output_size)
    for i, n in enumerate(lengths.tolist()):
        alone, its_last = model(x[i : i + 1, :n], lengths[i : i + 1])
        torch.testing.assert_close(outputs[i, :n], alone[0])
        torch.testing.assert_close(last[i], its_last[0])
        assert (outputs[i, n:] == 0).all()
        forward = outputs[i, n - 1, :4]
        torch.testing.assert_close(last[i, :4], forward)
        if bidirectional:
            torch.testing.assert_close(last[i, 4:], outputs[i, 0, 4:])


@pytest.mark.parametrize(("cell", "variant"), CELLS)
def test_goes_on_where_it_stopped(cell, variant):
    model = network(cell, variant, num_layers=2).double()
    x = torch.randn(2, 6, 3, dtype=torch.float64)
    whole, end = model.read(x, torch.tensor([6, 6]))
    first, state = model.read(x[:, :4], torch.tensor([4, 4]))
    rest, same = model.read(x[:, 4:], torch.tensor([2, 2]), state)
    torch.testing.assert_close(torch.cat([first, rest], 1), whole)
    torch.testing.assert_close(model.last(same), model.last(end))


def test_is_the_layer_of_that_name():
    model = network("lstm", ("peephole", "coupled"))
    torch.manual_seed(0)
    layers = nn.LSTM(3, 4, batch_first=True, variant=("peephole", "coupled"))
    x, lengths = torch.randn(2, 3, 3), torch.tensor([3, 3])
    torch.testing.assert_close(model(x, lengths)[0], layers(x)[0])
    narrow = network("jordan", output_size=2)
    assert narrow(x, lengths)[0].shape == (2, 3, narrow.output_size) == (2, 3, 2)


def test_vectors_of_tokens():
    model = network(n_inputs=4, tokens=True, embedding_size=2)
    assert model.embedding is not None
    assert model.embedding.weight[0].tolist() == [0, 0]
    table = np.array([[0, 0], [1, 2], [np.nan, np.nan], [3, 4]], np.float32)
    model.set_vectors(table)
    np.testing.assert_array_equal(model.embedding.weight.detach()[[0, 1, 3]], table[[0, 1, 3]])
    assert model.embedding.weight[2].isfinite().all()
    assert model(torch.tensor([[1, 2], [3, 0]]), torch.tensor([2, 1]))[0].shape == (2, 2, 4)


def test_dropout_acts_in_training_only():
    model = network(dropout=0.5)
    x, lengths = torch.randn(2, 3, 3), torch.tensor([3, 2])
    assert (model.train()(x, lengths)[0] == 0).any()
    torch.testing.assert_close(model.eval()(x, lengths)[0], model(x, lengths)[0])


def test_refuses():
    with pytest.raises(DataError, match="cell must be one of"):
        network("transformer")
    for cell, variant in (
        ("lstm", "relu"),
        ("gru", "peephole"),
        ("rnn", ("relu",)),
        ("lstm", ("peephole", "x")),
        ("rnn", None),
    ):
        with pytest.raises(DataError, match="variant of cell"):
            network(cell, variant)
    for truncation in (Truncation(3), Truncation(stateful=True)):
        with pytest.raises(DataError, match="bidirectional"):
            network(bidirectional=True).truncate(truncation)
