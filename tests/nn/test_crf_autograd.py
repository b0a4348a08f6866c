"""Nodes of log Z: gradients are expectations, second derivatives covariances, and weights are linear."""

import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck

from panlearn.nn import crf_autograd
from panlearn.nn.crf_layout import Layout, Potentials

LAYOUT = Layout((3, 3), torch.tensor([[1, 0, 1], [0, 1, 0], [1, 1, 1]], dtype=torch.bool), torch.device("cpu"))
TAGS = torch.tensor([[0, -100, 1], [-100, 1, -100], [0, 0, 1]])


def potentials(seed=0) -> list[torch.Tensor]:
    random = torch.Generator().manual_seed(seed)
    shapes = ((3, 3, 2), (2,), (2, 2), (2,))
    return [torch.randn(shape, generator=random, dtype=torch.float64).requires_grad_() for shape in shapes]


def energy(*given):
    return crf_autograd.log_partition(Potentials(*given), LAYOUT)


def likelihood(*given):
    return crf_autograd.log_likelihood(Potentials(*given), LAYOUT, TAGS)


def marginals(*given):
    return crf_autograd.marginals(Potentials(*given[:4]), LAYOUT, given[4])


def mean(*given):
    return crf_autograd.mean_score(Potentials(*given[:4]), LAYOUT, *given[4:])


@pytest.mark.parametrize("function", [energy, likelihood, marginals, mean])
def test_gradient(function):
    given = potentials()
    if function is marginals:
        given.append(torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64, requires_grad=True))
    if function is mean:
        given += [potentials(1)[0], potentials(1)[2]]
    assert gradcheck(function, given)
    assert gradgradcheck(function, given)


def test_gradients_are_expectations():
    given = potentials()
    weight = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)
    frames, pairs = marginals(*given, weight)
    found = torch.autograd.grad(energy(*given) @ weight, given)
    torch.testing.assert_close(found[0], frames)
    torch.testing.assert_close(found[2], pairs)
    torch.testing.assert_close(found[1], frames[0, 0] + frames[1, 1] + frames[2, 0])
    assert (frames.sum(2)[LAYOUT.mask] == weight[LAYOUT.owner]).all() or torch.allclose(
        frames.sum(2)[LAYOUT.mask], weight[LAYOUT.owner]
    )
    # E[score] of the chain's own scores is the slope of log Z along them
    scores = LAYOUT.fold(Potentials(*given), torch.float64)
    along = mean(*given, scores, given[2])
    lengths = torch.tensor([0.0], dtype=torch.float64, requires_grad=True)
    total = energy(*(x.detach() * (1 + lengths) for x in given))
    for s in range(3):
        (slope,) = torch.autograd.grad(total[s], lengths, retain_graph=True)
        torch.testing.assert_close(slope[0], along[s])


def test_no_graph_no_cost():
    with torch.no_grad():
        value = likelihood(*potentials())
    assert not value.requires_grad
    torch.testing.assert_close(value, likelihood(*potentials()).detach())
    torch.testing.assert_close(energy(*(x.detach() for x in potentials())), energy(*potentials()).detach())


@pytest.mark.parametrize("function", [energy, likelihood])
def test_functional_transforms(function):
    """`torch.func.grad` finds what backward does."""
    given = [x.detach() for x in potentials()]
    found = torch.func.grad(lambda *x: function(*x).square().sum(), argnums=(0, 1, 2, 3))(*given)
    given = [x.requires_grad_() for x in given]
    for a, b in zip(found, torch.autograd.grad(function(*given).square().sum(), given)):
        torch.testing.assert_close(a, b)
