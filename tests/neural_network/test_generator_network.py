"""The network of a generator: where features enter, and that a text may be read in pieces."""

import pytest
import torch

from panlearn.neural_network.generator_network import CONDITIONS, GeneratorNetwork
from panlearn.neural_network.sequence_network import SequenceArchitecture

TOKENS, LENGTHS = torch.tensor([[5, 1, 2, 3], [5, 4, 0, 0]]), torch.tensor([4, 2])


def network(n_features=0, condition="input", **settings) -> GeneratorNetwork:
    torch.manual_seed(0)
    architecture = SequenceArchitecture(**{"hidden_size": 5, "embedding_size": 4, **settings})
    return GeneratorNetwork(6, architecture, n_features, condition).eval()


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn", "jordan"])
@pytest.mark.parametrize("condition", CONDITIONS)
def test_pieces_are_the_whole(cell, condition):
    ours = network(3, condition, cell=cell, num_layers=2)
    features = torch.randn(2, 1, 3)
    whole = ours(TOKENS, LENGTHS, features).emissions
    state = ours.first_state(features)
    first, state = ours.read(TOKENS[:, :2], torch.tensor([2, 2]), state, features)
    kept = tuple(k[:, :1] for k in state) if isinstance(state, tuple) else state[:, :1]
    second, _ = ours.read(TOKENS[:1, 2:], torch.tensor([2]), kept, features[:1])
    torch.testing.assert_close(first.emissions, whole[:, :2])
    torch.testing.assert_close(second.emissions[0], whole[0, 2:])


@pytest.mark.parametrize("condition", CONDITIONS)
def test_features_matter(condition):
    ours = network(3, condition)
    a, b = (ours(TOKENS, LENGTHS, torch.full((2, 1, 3), value)).emissions for value in (0.0, 1.0))
    assert (a[:, 0] != b[:, 0]).any()
    state = ours.first_state(torch.ones(2, 1, 3))
    assert (state is None) == (condition == "input")


def test_padding_is_ignored():
    ours = network()
    alone = ours(TOKENS[1:, :2], LENGTHS[1:]).emissions
    torch.testing.assert_close(ours(TOKENS, LENGTHS).emissions[1:, :2], alone)


def test_the_future_is_not_seen():
    ours, other = network(), TOKENS.clone()
    other[0, 2] = 4
    a, b = ours(TOKENS, LENGTHS).emissions, ours(other, LENGTHS).emissions
    assert (a[0, :2] == b[0, :2]).all()
    assert (a[0, 2] != b[0, 2]).any()


def test_overfits_tiny_batch():
    ours = network(hidden_size=16).train()
    target = torch.tensor([[1, 2, 3, 5], [4, 5, -1, -1]])
    optimizer = torch.optim.Adam(ours.parameters(), 0.05)
    loss = torch.tensor(torch.inf)
    for _ in range(150):
        optimizer.zero_grad()
        scores = ours(TOKENS, LENGTHS).emissions
        loss = torch.nn.functional.cross_entropy(scores.flatten(0, 1), target.flatten(), ignore_index=-1)
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.3  # after the mark come 1 or 4, by chance: 2 log 2 of 6 tokens
