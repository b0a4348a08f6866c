"""Steps on a flat vector are those of `torch.optim` and of `panlearn.optimize`."""

import numpy as np
import pytest
import torch

from panlearn.neural_network.training.flat_parameters import flatten
from panlearn.neural_network.training.optimizers import OPTIMIZERS, make_optimizer
from panlearn.optimize import NAG, SGD, Adadelta, AdaGrad, Adam, Momentum, RMSProp
from tests.neural_network.training.fits import network
from tests.neural_network.training.updates import steps

NAMES = [name for name in OPTIMIZERS if name != "lbfgs"]
RULES = (
    SGD(),
    Momentum(momentum=0.5),
    NAG(momentum=0.7),
    AdaGrad(eps=1e-3),
    RMSProp(rho=0.8),
    Adadelta(rho=0.7, eps=1e-3),
    Adam(beta1=0.5, beta2=0.9, eps=1e-3),
)
PEERS = {
    "sgd": (torch.optim.SGD, {}),
    "momentum": (torch.optim.SGD, {"momentum": 0.9}),
    "nag": (torch.optim.SGD, {"momentum": 0.9, "nesterov": True}),
    "adagrad": (torch.optim.Adagrad, {}),
    "rmsprop": (torch.optim.RMSprop, {}),
    "adadelta": (torch.optim.Adadelta, {}),
    "adam": (torch.optim.Adam, {}),
    "adamw": (torch.optim.AdamW, {"weight_decay": 0.0}),
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", NAMES)
def test_matches_peer(name, dtype):
    ours, theirs = network(dtype=dtype), network(dtype=dtype)
    optimizer = make_optimizer(name, flatten(ours))
    cls, settings = PEERS[name]
    peer = cls(theirs.parameters(), lr=0.01, **settings)
    found, expected = steps(ours, 25, lambda: optimizer.step(0.01)), steps(theirs, 25, peer.step)
    np.testing.assert_allclose(found, expected, rtol=1e-4 if dtype == torch.float32 else 1e-11, atol=1e-6)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)
def test_matches_oracle(rule):
    """The rules of `panlearn.optimize` are plain NumPy, a line for each formula."""
    module = network(dtype=torch.float64)
    (segment,) = flatten(module)
    optimizer = make_optimizer(rule, (segment,))
    rule = rule._replace(learning_rate=0.02)
    x = segment.values.detach().numpy().copy()
    state = rule.init(x)

    def update() -> None:
        nonlocal x, state
        x, state = rule.update(segment.gradient.numpy(), state, x)
        optimizer.step(0.02)

    steps(module, 10, update)
    np.testing.assert_allclose(segment.values.detach().numpy(), x, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", ["rmsprop", "adadelta"])
def test_types_without_a_kernel_take_the_same_steps(name):
    coarse, fine = network().to(torch.bfloat16), network().to(torch.bfloat16).float()
    a, b = (make_optimizer(name, flatten(module)) for module in (coarse, fine))
    found, expected = steps(coarse, 3, lambda: a.step(0.01)), steps(fine, 3, lambda: b.step(0.01))
    np.testing.assert_allclose(found, expected, atol=0.02)  # bfloat16 has 8 bits
