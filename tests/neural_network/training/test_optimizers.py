"""Optimisers by name: states, rates, refusals."""

import copy

import numpy as np
import pytest
import torch

from panlearn.neural_network.training.flat_parameters import flatten
from panlearn.neural_network.training.flat_updates import AdamW
from panlearn.neural_network.training.loop import train
from panlearn.neural_network.training.optimizers import (
    OPTIMIZERS,
    FlatOptimizer,
    base_rate,
    find_rule,
    make_optimizer,
)
from panlearn.optimize import Adam
from tests.neural_network.training.fits import begin, network
from tests.neural_network.training.updates import steps

NAMES = [name for name in OPTIMIZERS if name != "lbfgs"]


@pytest.mark.parametrize("name", NAMES)
def test_state_goes_on_where_it_was(name):
    """Restored in the middle, in a new process as it were, the path is the same to the last bit."""
    whole, first = network(), network()
    optimizer = make_optimizer(name, flatten(whole))
    expected = steps(whole, 6, lambda: optimizer.step(0.01))
    optimizer = make_optimizer(name, flatten(first))
    steps(first, 3, lambda: optimizer.step(0.01))
    second, stored = copy.deepcopy(first), copy.deepcopy(optimizer.state())
    optimizer = make_optimizer(name, flatten(second))
    optimizer.restore(stored)
    assert np.array_equal(steps(second, 3, lambda: optimizer.step(0.01)), expected)


@pytest.mark.parametrize("name", NAMES)
def test_segments_learn_at_their_rates(name):
    module = network()
    segments = flatten(module, lambda name: 0.0 if name.startswith("0.") else 1.0)
    before = copy.deepcopy(module.state_dict())
    optimizer = make_optimizer(name, segments)
    steps(module, 2, lambda: optimizer.step(0.1))
    after = module.state_dict()
    assert torch.equal(after["0.weight"], before["0.weight"])
    assert not torch.equal(after["3.weight"], before["3.weight"])


def test_a_rate_in_the_settings_wins_unless_it_is_the_default():
    assert base_rate(Adam(learning_rate=0.5), 0.01) == 0.5
    assert base_rate(Adam(beta1=0.5), 0.01) == 0.01
    assert base_rate("adam", 0.01) == 0.01
    one, two = begin(optimizer=Adam(0.05), learning_rate=0.001), begin(optimizer="adam", learning_rate=0.05)
    assert train(one).last.loss == pytest.approx(train(two).last.loss, rel=1e-6)


def test_adamw_is_adam_without_a_penalty():
    a, b = begin(optimizer="adamw"), begin(optimizer="adam")
    assert train(a).last.loss == train(b).last.loss


def test_wrong_names_are_refused():
    with pytest.raises(ValueError, match=r"'adam', 'adamw', 'lbfgs'.*Got 'adan'"):
        find_rule("adan")
    with pytest.raises(ValueError, match="optimizer must be one of"):
        find_rule((1, 2))
    assert isinstance(make_optimizer(AdamW(), flatten(network())), FlatOptimizer)


def test_lbfgs_makes_no_steps_on_batches():
    optimizer = make_optimizer("lbfgs", flatten(network()))
    with pytest.raises(ValueError, match="fit_lbfgs"):
        optimizer.step(1.0)
    optimizer.restore(optimizer.state())
