"""The network of a tagger: windows, word dropout, given vectors, Jordan's feedback; blind to padding."""

import pytest
import torch

from panlearn.neural_network.sequence_network import SequenceArchitecture
from panlearn.neural_network.tagger_network import TaggerNetwork, TaggerSettings, TokenInputs, with_neighbours

ARCHITECTURE = SequenceArchitecture(hidden_size=5, embedding_size=4)
INPUTS = TokenInputs(6, 0, True, 7, "cnn", 4)


def network(inputs=INPUTS, architecture=ARCHITECTURE, context=0, word_dropout=0.0) -> TaggerNetwork:
    torch.manual_seed(0)
    return TaggerNetwork(inputs, architecture, 3, None, TaggerSettings(context, word_dropout))


def batch() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Two sentences; words 1, 2, 3 are spelt 0, 1, 2."""
    columns = torch.tensor([[[1, 0, 1], [2, 1, 2], [3, 2, 0]], [[2, 1, 2], [0, 0, 0], [0, 0, 0]]])
    letters = torch.tensor([[[2, 3], [4, 0], [5, 6]], [[4, 0], [1, 0], [1, 0]]])
    return columns, torch.tensor([3, 1]), letters


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn", "jordan"])
@pytest.mark.parametrize("context", [0, 2])
def test_padding_is_ignored(cell, context):
    ours = network(architecture=ARCHITECTURE._replace(cell=cell), context=context).eval()
    columns, lengths, letters = batch()
    alone = ours(columns[1:, :1], lengths[1:], letters[1:, :1, :1]).emissions
    torch.testing.assert_close(ours(columns, lengths, letters).emissions[1:, :1], alone)


def test_neighbours():
    vectors = torch.arange(1.0, 13).view(2, 3, 2)
    found = with_neighbours(vectors, torch.tensor([3, 2]), 1)
    assert found[0, 0].tolist() == [0, 0, 1, 2, 3, 4]
    assert found[1, 1].tolist() == [7, 8, 9, 10, 0, 0]
    assert with_neighbours(vectors, torch.tensor([3, 2]), 0) is vectors


def test_the_past_alone_counts_in_one_direction():
    ours = network(context=1).eval()
    columns, lengths, letters = batch()
    before = ours(columns, lengths, letters).emissions[0]
    columns[0, 2, 0] = 5
    after = ours(columns, lengths, letters).emissions[0]
    assert (after[0] == before[0]).all()
    assert (after[1] != before[1]).any()  # its window reaches there


def test_word_dropout_leaves_the_letters():
    ours = network(word_dropout=0.999999)
    columns, lengths, letters = batch()
    unknown = columns.clone()
    unknown[..., 0] = 0
    torch.testing.assert_close(ours(columns, lengths, letters).emissions, ours(unknown, lengths, letters).emissions)
    ours.eval()
    assert (ours(columns, lengths, letters).emissions != ours(unknown, lengths, letters).emissions).any()


def test_given_vectors():
    ours = network()
    table = torch.full((6, 4), torch.nan)
    table[0] = 0.0
    table[1], table[2] = torch.tensor([1.0, 2, 3, 4]), torch.tensor([5.0, 6, 7, 8])
    ours.set_vectors(table)
    assert ours.vectors is not None
    weight = ours.vectors.words.weight
    assert weight[1].tolist() == [1, 2, 3, 4]
    assert torch.isfinite(weight).all()
    assert 0.1 < float(weight[3:].detach().std()) / float(table[1:3].std()) < 3


def test_jordan_says_probabilities():
    ours = network(architecture=ARCHITECTURE._replace(cell="jordan")).eval()
    emissions = ours(*batch()).emissions
    torch.testing.assert_close(emissions[0].exp().sum(1), torch.ones(3))
    two = network(architecture=ARCHITECTURE._replace(cell="jordan", num_layers=2, dropout=0.5))
    assert two(*batch()).emissions.shape == (2, 3, 3)


def test_overfits_tiny_batch():
    ours = network()
    columns, lengths, letters = batch()
    target = torch.tensor([[0, 1, 2], [2, -1, -1]])  # word 2 at the beginning and inside
    optimizer = torch.optim.Adam(ours.parameters(), 0.05)
    for _ in range(60):
        optimizer.zero_grad()
        scores = ours(columns, lengths, letters).emissions
        torch.nn.functional.cross_entropy(scores.flatten(0, 1), target.flatten(), ignore_index=-1).backward()
        optimizer.step()
    found = ours(columns, lengths, letters).emissions.argmax(2)
    assert found[0].tolist() == [0, 1, 2]
    assert found[1, 0] == 2
