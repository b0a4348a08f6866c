"""Value and gradient of a batch, on kernels and on tensors, whatever the weights of the sequences."""

import pytest
import torch

from panlearn.nn import crf_engine
from panlearn.nn.crf_layout import Layout, Potentials
from panlearn.nn.crf_likelihood import Evaluation


@pytest.mark.parametrize("tagged", [False, True])
@pytest.mark.parametrize("weight", [[2.0, 2.0, 2.0], [1.0, -2.0, 0.5]])
def test_kernels_and_tensors_agree(monkeypatch, tagged, weight):
    random = torch.Generator().manual_seed(0)
    mask = torch.tensor([[1, 1, 0, 1], [0, 1, 1, 1], [1, 0, 0, 0]], dtype=torch.bool)
    shapes = ((3, 4, 3), (3,), (3, 3), (3,))
    given = Potentials(*(torch.randn(shape, generator=random, dtype=torch.float64) for shape in shapes))
    tags = torch.randint(0, 3, (3, 4), generator=random) if tagged else None
    g = torch.tensor(weight, dtype=torch.float64)

    def results():
        evaluation = Evaluation(Layout((3, 4), mask, torch.device("cpu")), tags)
        return evaluation.value(given), *evaluation.gradients(given, g)

    by_kernels = results()
    monkeypatch.setattr(crf_engine, "serves", lambda device: False)
    for a, b in zip(by_kernels, results()):
        torch.testing.assert_close(a, b)
