"""The chain in tensor operations: equal to enumeration in float32 and float64, masked or not."""

import numpy as np
import pytest
import torch

from panlearn.nn import crf_tensors
from panlearn.nn.crf_layout import Layout
from tests.oracles.crf_layer import enumerated

MASK = torch.tensor([[0, 1, 0, 1], [1, 1, 1, 1], [0, 0, 0, 0], [1, 1, 0, 0]], dtype=torch.bool)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("mask", [None, MASK])
@pytest.mark.parametrize("forbid", [False, True])
def test_matches_oracle(dtype, mask, forbid):
    random = torch.Generator().manual_seed(0)
    scores = torch.randn(4, 4, 3, generator=random, dtype=dtype)
    transitions = torch.randn(3, 3, generator=random, dtype=dtype)
    if forbid:
        transitions[0, 2] = scores[1, 1, 0] = -torch.inf
    layout, weight = Layout((4, 4), mask, torch.device("cpu")), torch.tensor([1.0, -2.0, 5.0, 0.5])
    total, marginals, pairs = crf_tensors.expectations(scores, transitions, layout, weight)
    torch.testing.assert_close(crf_tensors.log_partition(scores, transitions, layout), total)
    paths, best = crf_tensors.best_paths(scores, transitions, layout)
    tolerance = {"atol": 1e-5 if dtype == torch.float32 else 1e-12, "rtol": 0}
    expected_pairs, none = np.zeros((3, 3)), np.zeros(3)
    for s in range(4):
        on = MASK[s] if mask is not None else torch.ones(4, dtype=torch.bool)
        answer = enumerated(scores[s][on].double().numpy(), none, transitions.double().numpy(), none)
        np.testing.assert_allclose(total[s], answer.log_z, **tolerance)
        np.testing.assert_allclose(marginals[s][on], weight[s].item() * answer.marginals, **tolerance)
        assert (marginals[s][~on] == 0).all()
        expected_pairs += weight[s].item() * answer.pairs
        if on.any():
            assert paths[s][on].tolist() == list(answer.paths[0])
            np.testing.assert_allclose(best[s], answer.log_p[0] + answer.log_z, **tolerance)
    np.testing.assert_allclose(pairs, expected_pairs, **tolerance)


def test_the_gradient_is_the_expectation():
    scores = torch.randn(3, 5, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1)).requires_grad_()
    transitions = torch.zeros(4, 4, dtype=torch.float64, requires_grad=True)
    layout = Layout((3, 5), None, scores.device)
    total = crf_tensors.log_partition(scores, transitions, layout)
    found = torch.autograd.grad(total.sum(), (scores, transitions))
    _, *expected = crf_tensors.expectations(scores.detach(), transitions.detach(), layout, None)
    for a, b in zip(found, expected):
        torch.testing.assert_close(a, b)
    # without transitions the frames are independent
    torch.testing.assert_close(expected[0], scores.detach().softmax(2))


def test_impossible_is_below_the_floor():
    scores = torch.zeros(1, 3, 2)
    scores[0, 1] = -torch.inf
    layout = Layout((1, 3), None, scores.device)
    assert crf_tensors.log_partition(scores, torch.zeros(2, 2), layout).item() < crf_tensors.FLOOR / 2
    assert torch.isfinite(crf_tensors.expectations(scores, torch.zeros(2, 2), layout, None)[1]).all()


def test_draws_without_noise_are_the_likeliest_continuation():
    scores = torch.tensor([[[0.0, 2.0], [3.0, 0.0], [0.0, 1.0]]])
    layout = Layout((1, 3), None, scores.device)
    drawn = crf_tensors.draw_paths(scores, torch.zeros(2, 2), layout, 2, torch.zeros)
    assert drawn.tolist() == [[[1, 0, 1]]] * 2
