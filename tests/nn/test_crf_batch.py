"""Small batches take the short way to the recursions, others the general one: both agree."""

import numpy as np
import pytest
import torch

from panlearn.nn import crf_batch
from panlearn.nn.crf_batch import Batch
from panlearn.nn.crf_layout import Layout, Potentials


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("low", [0.0, -5000.0])  # some transitions underflow
def test_both_ways_agree(monkeypatch, masked, low):
    random = torch.Generator().manual_seed(0)
    mask = torch.rand(9, 7, generator=random) < 0.7 if masked else None
    if mask is not None:
        mask[4] = False
    shapes = ((9, 7, 5), (5,), (5, 5), (5,))
    given = Potentials(*(torch.randn(shape, generator=random, dtype=torch.float64) for shape in shapes))
    given.transitions[1:, :4] += low
    batch = Batch(given, Layout((9, 7), mask, torch.device("cpu")))
    assert batch.small
    found, paths = batch.expected(), batch.best()
    monkeypatch.setattr(crf_batch, "SMALL", 0)
    assert not batch.small
    for a, b in zip(found, batch.expected()):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)
    assert paths == batch.best()
