"""Parameters in one vector."""

import copy
from typing import Any

import pytest
import torch
from torch import nn

from panlearn.neural_network.training.flat_parameters import flatten


def convolutional() -> Any:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.LayerNorm(4 * 36), nn.Linear(4 * 36, 5)
    )


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_function_and_gradients_stay(layout):
    plain = convolutional().to(memory_format=layout)
    flat, x = copy.deepcopy(plain), torch.randn(2, 3, 8, 8)
    (segment,) = flatten(flat)
    plain(x).square().sum().backward()
    flat(x).square().sum().backward()
    for before, after in zip(plain.parameters(), flat.parameters()):
        assert torch.equal(before, after)
        assert before.stride() == after.stride()
        torch.testing.assert_close(after.grad, before.grad)
        inside = segment.values.untyped_storage().data_ptr()
        assert after.untyped_storage().data_ptr() == inside
    norm = torch.cat([p.grad.flatten() for p in plain.parameters()]).norm()
    torch.testing.assert_close(segment.gradient.norm(), norm)


def test_a_step_on_the_vector_is_a_step_of_the_network():
    module = convolutional()
    (segment,) = flatten(module)
    segment.values.detach().zero_()
    assert all((p == 0).all() for p in module.parameters())


def test_weights_stand_before_biases_and_gains():
    module = convolutional()
    (segment,) = flatten(module)
    assert segment.n_weights == module[0].weight.numel() + module[5].weight.numel()
    segment.values.detach()[: segment.n_weights] = 0
    assert (module[0].weight == 0).all()
    assert (module[1].weight == 1).all()
    assert module[5].bias.abs().sum() > 0


def test_gains_of_several_axes_are_no_weights():
    (segment,) = flatten(nn.LayerNorm([3, 4]))
    assert (segment.n_weights, segment.neurons) == (0, ())


def test_rates_types_and_frozen_parts():
    module = convolutional()
    module[5].double()
    module[1].requires_grad_(False)
    segments = flatten(module, lambda name: 0.1 if name.startswith("0.") else 1.0)
    assert {(s.rate, s.values.dtype) for s in segments} == {
        (0.1, torch.float32),  # the filters and their bias
        (1.0, torch.float32),  # the layer norm
        (1.0, torch.float64),
    }
    covered = {id(p) for s in segments for p in s.parts}
    assert covered == {id(p) for p in module.parameters() if p.requires_grad}


def test_shared_parameters_are_kept_once():
    module = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    module[1].weight = module[0].weight
    (segment,) = flatten(module)
    assert segment.values.numel() == 9 + 3 + 3
    assert module[1].weight is module[0].weight


def test_neurons_are_rows_of_weights_and_embeddings_have_none():
    module = nn.Sequential(nn.Embedding(10, 4), nn.Linear(4, 3), nn.ConvTranspose1d(3, 7, 2))
    (segment,) = flatten(module)
    assert [tuple(n.shape) for n in segment.neurons] == [(3, 4), (7, 3, 2)]


def test_nothing_to_train():
    assert flatten(nn.ReLU()) == ()
