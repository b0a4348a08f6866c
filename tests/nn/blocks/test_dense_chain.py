"""The chain that takes its own gradients: what autograd finds, for any objective, batch size and weight."""

import copy
import pickle

import pytest
import torch
from torch.nn import functional as F

from panlearn.neural_network.canonical_objective import PAIRS, canonical
from panlearn.neural_network.training.batches import Batch
from panlearn.neural_network.training.objective import OBJECTIVES, smoothed
from panlearn.nn import DenseChain


def batch(n=7, p=4, objective="cross_entropy", weighted=False, seed=0):
    random = torch.Generator().manual_seed(seed)
    x = torch.randn(n, p, generator=random, dtype=torch.float64)
    y = torch.randint(0, 3, (n,), generator=random)
    if objective != "cross_entropy":
        y = torch.randint(0, 2, (n, 3), generator=random).double()
    weight = torch.rand(n, generator=random, dtype=torch.float64) if weighted else None
    return Batch((x,), y, weight, torch.arange(n))


def gradients(chain):
    return [p.grad.clone() for p in chain.parameters()]


def cleared(chain):
    for parameter in chain.parameters():
        parameter.grad = None
    return chain


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("objective", [*map(canonical, PAIRS), *OBJECTIVES.values(), smoothed(0.1)])
def test_matches_autograd(objective, weighted):
    torch.manual_seed(1)
    chain, data = DenseChain([4, 6, 5, 3], "tanh").double(), batch(objective=objective.name, weighted=weighted)
    loss = objective(chain(*data.inputs), data.target, data.weight)
    loss.backward()
    expected = gradients(chain)
    found = cleared(chain).backpropagate(data, objective)
    assert not found.requires_grad
    torch.testing.assert_close(found, loss.detach())
    torch.testing.assert_close(gradients(chain), expected)


class Loss(torch.autograd.Function):
    """Loss as a function of the parameters, with the gradient written by hand."""

    @staticmethod
    def forward(ctx, chain, data, *parameters):
        for own, given in zip(chain.parameters(), parameters):
            own.data = given.detach().clone()
        loss = cleared(chain).backpropagate(data, canonical("cross_entropy"))
        ctx.found = gradients(chain)
        return loss

    @staticmethod
    def backward(ctx, factor):  # type: ignore[override]
        return None, None, *(factor * g for g in ctx.found)


@pytest.mark.parametrize("activation", ["logistic", "tanh", "elu"])
def test_gradient(activation):
    torch.manual_seed(0)
    chain, data = DenseChain([4, 5, 3], activation).double(), batch()
    parameters = [p.detach().clone().requires_grad_() for p in chain.parameters()]
    assert torch.autograd.gradcheck(lambda *p: Loss.apply(chain, data, *p), parameters)


def test_dropout_repeats_with_the_seed_and_averages_out():
    chain = DenseChain([4, 30, 3], "identity", dropout=0.5).double().train()
    data = batch(200)
    losses = []
    for seed in (3, 3, 4):
        torch.manual_seed(seed)
        losses.append(float(cleared(chain).backpropagate(data, canonical("cross_entropy"))))
    assert losses[0] == losses[1] != losses[2]
    torch.manual_seed(0)
    outputs = torch.stack([chain(data.inputs[0]) for _ in range(2000)]).mean(0)
    assert torch.allclose(outputs, chain.eval()(data.inputs[0]), atol=0.15)  # linear layers: means are exact
    plain = float(cleared(chain).backpropagate(data, canonical("cross_entropy")))
    assert plain == pytest.approx(F.cross_entropy(chain(data.inputs[0]), data.target).item())


def test_buffers_follow_the_parameters():
    torch.manual_seed(0)
    chain, objective = DenseChain([4, 5, 3]).double(), canonical("cross_entropy")
    for n in (7, 3, 7, 1, 2, 5, 6, 7):  # more sizes than are kept
        data = batch(n)
        expected = F.cross_entropy(chain(data.inputs[0]), data.target)
        assert float(chain.backpropagate(data, objective)) == pytest.approx(expected.item())
    for parameter in chain.parameters():
        parameter.data = parameter.data * 2  # moved, as flattening moves it
        parameter.grad = None
    data = batch(7)
    expected = F.cross_entropy(chain(data.inputs[0]), data.target)
    expected.backward()
    wanted = gradients(chain)
    assert float(cleared(chain).backpropagate(data, objective)) == pytest.approx(expected.item())
    torch.testing.assert_close(gradients(chain), wanted)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda chain: pickle.loads(pickle.dumps(chain))])
def test_copies_do_not_share_buffers(copied):
    chain, objective, data = DenseChain([4, 5, 3]).double(), canonical("cross_entropy"), batch()
    before = float(chain.backpropagate(data, objective))
    other = copied(chain)
    with torch.no_grad():
        other.layers[0].weight.zero_()
    assert float(chain.backpropagate(data, objective)) == before
    assert float(other.backpropagate(data, objective)) != before
