"""Likelihoods of texts: the same in windows as at once."""

import pytest
import torch

from panlearn.neural_network import generator_likelihood
from panlearn.neural_network.generator_likelihood import text_losses
from panlearn.neural_network.generator_network import CONDITIONS, GeneratorNetwork
from panlearn.neural_network.generator_rows import ConditionedRows, text_readings
from panlearn.neural_network.sequence_network import SequenceArchitecture
from panlearn.neural_network.step_objective import losses

TEXTS = ["abba", "", "bababababababab", "a", "bb" * 4]


@pytest.mark.parametrize("cell", ["lstm", "rnn"])
@pytest.mark.parametrize("condition", [None, *CONDITIONS])
def test_windows_change_nothing(cell, condition, monkeypatch):
    torch.manual_seed(0)
    architecture = SequenceArchitecture(cell, hidden_size=5, embedding_size=4, dropout=0.5)
    network = GeneratorNetwork(4, architecture, 2 if condition else 0, condition or "input")
    rows, target = text_readings(TEXTS, {"a": 1, "b": 2})
    rows = ConditionedRows(rows, torch.randn(5, 2)) if condition else rows
    network.eval()
    expected = [losses(network(*rows.take(torch.tensor([i]))), target[i : i + 1]).item() for i in range(5)]
    network.train()
    for scores in (1, 40, 1 << 22):
        monkeypatch.setattr(generator_likelihood, "SCORES", scores)
        monkeypatch.setattr(generator_likelihood, "TOGETHER", 3)
        assert text_losses(network, rows, target).tolist() == pytest.approx(expected, rel=1e-5)
    assert network.training
