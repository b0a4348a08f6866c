"""Fine-tuning: what is frozen stays, what is reset starts anew, and few labels suffice where features are shared."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from panlearn.neural_network import MLPClassifier, NeuralClassifier, NeuralRegressor, fine_tune
from panlearn.neural_network.fine_tuning import fits


def problem(n=200, seed=0):
    X = np.random.default_rng(seed).normal(size=(n, 6)).astype(np.float32)
    return X, 2 * (X[:, 0] > 0) + (X[:, 1] > 0)


@pytest.fixture(scope="module")
def trained():
    network = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 4))
    return NeuralClassifier(network, max_epochs=5, learning_rate=0.01, random_state=0).fit(*problem())


def test_frozen_layers_stay(trained):
    X, y = problem(seed=1)
    before = {k: v.clone() for k, v in trained.module_.state_dict().items()}
    tuned = fine_tune(trained, X + 3, y, freeze=("0", "1"), max_epochs=2)
    after = tuned.module_.state_dict()
    for name in before:  # the running statistics of a frozen batch normalisation too
        assert torch.equal(before[name], after[name]) == (not name.startswith("3")), name
        assert torch.equal(before[name], trained.module_.state_dict()[name])
    assert not tuned.module_[1]._forward_pre_hooks
    assert (tuned.predict(X[:1]) == tuned.predict(X)[:1]).all()


def test_rates_slow_layers_down(trained):
    X, y = problem(seed=1)
    settings = {"optimizer": "sgd", "max_epochs": 1, "batch_size": 200, "learning_rate": 0.1}
    moved = []
    for rate in (1.0, 0.1):
        tuned = fine_tune(trained, X, y, rates={"0": rate}, **settings)
        moved.append((tuned.module_[0].weight - trained.module_[0].weight).norm().item())
    assert moved[1] == pytest.approx(0.1 * moved[0], rel=1e-3)


def test_a_new_head_for_new_classes(trained):
    X, _ = problem(seed=1)
    y = np.array(["left", "right"])[(X[:, 0] > 0).astype(int)]
    tuned = fine_tune(trained, X, y, reset=("3",), max_epochs=10, random_state=0)
    assert tuned.module_[3].weight.shape == (2, 8)
    assert tuned.score(X, y) > 0.9
    assert trained.module_[3].weight.shape == (4, 8)
    regression = fine_tune(trained.module_, X, X[:, 0], reset=("3",), max_epochs=1)
    assert isinstance(regression, NeuralRegressor)
    assert regression.module_[3].out_features == 1


def test_nothing_else_moves_without_epochs_to_speak_of(trained):
    """A rate of nearly 0 leaves a tuned network where the trained one is: its weights are what it starts from."""
    X, y = problem()
    still = fine_tune(trained, X, y, freeze=("1",), learning_rate=1e-9, max_epochs=1)
    np.testing.assert_allclose(still.predict_proba(X), trained.predict_proba(X), atol=1e-5)


def test_shared_features_need_few_labels():
    X, quadrant = problem(1500)
    same = X[:, 0] * X[:, 1] > 0
    layers = [nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU()]
    settings = {"max_epochs": 25, "learning_rate": 0.01, "random_state": 0}
    trained = NeuralClassifier(nn.Sequential(*layers, nn.Linear(16, 4)), **settings).fit(X[:1000], quadrant[:1000])
    scratch = NeuralClassifier(nn.Sequential(*layers, nn.Linear(16, 2)), **settings).fit(X[:20], same[:20])
    tuned = fine_tune(trained, X[:20], same[:20], freeze=("0", "2"), reset=("4",), max_epochs=100)
    assert tuned.score(X[1000:], same[1000:]) > scratch.score(X[1000:], same[1000:]) + 0.1


def test_estimators_of_our_own():
    X, y = problem()
    model = MLPClassifier((8,), max_iter=5, random_state=0)
    with pytest.warns(match="(?i)converge"):
        model.fit(X, y)
    names = [name for name, _ in model.module_.named_parameters()]
    head = names[-1].rpartition(".")[0]
    with pytest.raises(ValueError, match=r"name its layer in reset="):
        fine_tune(model, X, y % 2)
    with pytest.warns(match="(?i)converge"):
        tuned = fine_tune(model, X, y // 2, reset=(head,), max_iter=60, learning_rate_init=0.02)
    assert type(tuned) is MLPClassifier
    assert tuned.score(X, y // 2) > 0.8


@pytest.mark.parametrize("frozen", [(0,), (1,), (2,), (0, 1), (0, 2)])
def test_layers_frozen_under_a_backward_pass_by_hand(frozen):
    """What is frozen keeps its bits; the others go one step down the gradient that torch finds."""
    X, y = problem(60)
    X = X.astype(float)
    settings = {"solver": "sgd", "learning_rate_init": 0.3, "momentum": 0.0, "alpha": 0.0, "batch_size": 60}
    model = MLPClassifier((5, 4), activation="tanh", max_iter=1, random_state=0, **settings)
    with pytest.warns(match="(?i)converge"):
        model.fit(X, y)
    before = {name: p.detach().clone().requires_grad_() for name, p in model.module_.named_parameters()}
    names = list(before)
    loss = nn.functional.cross_entropy(
        torch.func.functional_call(model.module_, before, (torch.from_numpy(X),)), torch.from_numpy(y)
    )
    slopes = dict(zip(names, torch.autograd.grad(loss, list(before.values()))))
    layers = list(dict.fromkeys(name.rpartition(".")[0] for name in names))
    freeze = tuple(layers[k] for k in frozen)
    with pytest.warns(match="(?i)converge"):
        tuned = fine_tune(model, X, y, freeze=freeze)
    for name, weight in tuned.module_.named_parameters():
        if fits(name, freeze):
            assert torch.equal(weight, before[name]), name
        else:
            torch.testing.assert_close(weight.detach(), before[name].detach() - 0.3 * slopes[name], msg=name)


def test_edge_cases(trained):
    X, y = problem()
    bad: Any
    for bad in ({"freeze": ("7",)}, {"rates": {"conv": 0.1}}, {"reset": ("head",)}):
        with pytest.raises(ValueError, match=r"fits no parameter; there are 0\.weight"):
            fine_tune(trained, X, y, **bad)
    with pytest.raises(ValueError, match=r"write \('0',\)"):
        fine_tune(trained, X, y, freeze="0")
    with pytest.raises(ValueError, match="nothing to learn"):
        fine_tune(trained, X, y, freeze=("*",))
    with pytest.raises(ValueError, match="change the last layer"):
        fine_tune(trained, X, y // 2)
    with pytest.raises(ValueError, match="fitted neural estimator or a torch module"):
        fine_tune(3, X, y)  # type: ignore[call-overload]
    assert fits("0.weight", ("0",))
    assert not fits("10.weight", ("0",))
    assert fits("layers.3.bias", ("*.3",))
