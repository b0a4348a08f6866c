"""Distances of an ordered LSTM against the oracle, and the layer of that variant as a whole."""

import numpy as np
import pytest
import torch

from panlearn.nn import LSTM
from panlearn.nn.syntactic_distance import syntactic_distance
from tests.oracles.ordered_lstm import cumax, ordered


def layer(**settings) -> LSTM:
    torch.manual_seed(0)
    return LSTM(3, 6, variant="ordered", chunk_size=2, dtype=torch.float64, **settings)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_matches_oracle(bidirectional):
    lstm, lengths = layer(bidirectional=bidirectional), [3, 5]
    x = torch.randn(5, 2, 3, dtype=torch.float64)
    distances = syntactic_distance(lstm, x, torch.tensor(lengths)).detach().numpy()
    outputs = lstm(x, lengths=torch.tensor(lengths))[0].detach().numpy()
    for way, ending in enumerate(("_l0", "_l0_reverse")[: len(distances)]):
        W, U, b, c = (
            getattr(lstm, name + ending).detach().numpy() for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        for k, n in enumerate(lengths):
            order = range(n)[:: -1 if way else 1]
            gates = np.array([W @ x[t, k].numpy() + b + c for t in order])
            hs, _ = ordered(gates, U, np.zeros(6), np.zeros(6))
            np.testing.assert_allclose(outputs[list(order), k, 6 * way : 6 * way + 6], hs, atol=1e-13)
            before = np.vstack([np.zeros(6), hs[:-1]])
            scores = gates[:, 24:27] + before @ U[24:27].T
            expected = [sum(1 - f for f in cumax(row)) for row in scores]
            np.testing.assert_allclose(distances[way][list(order), k], expected, atol=1e-13)
            assert (distances[way, n:, k] == 0).all()


def test_layers_and_layout():
    """Two layers, batch first; a sequence's distances do not depend on what else is in the batch."""
    lstm = layer(num_layers=2, batch_first=True)
    x = torch.randn(3, 4, 3, dtype=torch.float64)
    lengths = torch.tensor([2, 4, 1])
    found = syntactic_distance(lstm, x, lengths)
    assert found.shape == (2, 3, 4)
    for k, n in enumerate(lengths.tolist()):
        torch.testing.assert_close(found[:, k, :n], syntactic_distance(lstm, x[k : k + 1, :n])[:, 0])
    below = LSTM(3, 6, variant="ordered", chunk_size=2, dtype=torch.float64)
    below.load_state_dict({name: p for name, p in lstm.state_dict().items() if "_l0" in name})
    torch.testing.assert_close(found[0], syntactic_distance(below, x.transpose(0, 1), lengths)[0].T)


def test_edge_cases():
    with pytest.raises(ValueError, match='variant="ordered"'):
        syntactic_distance(LSTM(3, 6), torch.zeros(5, 2, 3))
    with pytest.raises(ValueError, match="three axes, the last of 3"):
        syntactic_distance(layer(), torch.zeros(5, 2, 4).double())
    single = syntactic_distance(layer(), torch.zeros(1, 1, 3).double())
    assert 0 < single.item() < 3


def test_padding_is_ignored():
    lstm, lengths = layer(bidirectional=True), torch.tensor([2, 5])
    x = torch.randn(5, 2, 3, dtype=torch.float64)
    other = x.clone()
    other[2:, 0] = torch.nan
    for found, expected in zip(lstm(other, lengths=lengths)[1], lstm(x, lengths=lengths)[1]):
        assert torch.equal(found, expected)
    assert torch.equal(syntactic_distance(lstm, other, lengths), syntactic_distance(lstm, x, lengths))


def test_overfits_tiny_batch():
    """Which of two symbols came first, five steps ago."""
    torch.manual_seed(0)
    lstm, head = LSTM(2, 8, variant="ordered", chunk_size=2), torch.nn.Linear(8, 1)
    x = torch.randn(6, 4, 2)
    x[0] = torch.tensor([[1.0, 0], [0, 1], [1, 0], [0, 1]])
    wanted = torch.tensor([1.0, 0.0, 1.0, 0.0])
    optimiser = torch.optim.Adam([*lstm.parameters(), *head.parameters()], lr=0.05)
    loss = torch.ones(())
    for _ in range(60):
        optimiser.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(head(lstm(x)[1][0][0])[:, 0], wanted)
        loss.backward()
        optimiser.step()
    assert loss.item() < 0.02
