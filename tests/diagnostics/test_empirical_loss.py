"""The loss as a function of the parameters."""

import numpy as np
import pytest
import torch
from torch import nn

from panlearn.core.errors import DataError
from panlearn.diagnostics import take_step
from panlearn.diagnostics.empirical_loss import empirical_loss, evaluating, flat, unflat


@pytest.fixture
def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Dropout(0.5), nn.Linear(4, 2)).double()


X = np.random.default_rng(0).normal(size=(7, 3))
LABELS = np.array([0, 1, 1, 0, 1, 0, 0])


@pytest.mark.parametrize("batch_size", [1, 3, 100])
def test_blocks_add_up_to_torch_s_own_loss_and_gradient(net, batch_size):
    net.eval()
    expected = nn.functional.cross_entropy(net(torch.tensor(X)), torch.tensor(LABELS))
    gradient = flat(torch.autograd.grad(expected, list(net.parameters())))
    net.train()
    risk = empirical_loss(net, X, LABELS, batch_size=batch_size)
    value, found = risk.gradient()
    assert value == pytest.approx(expected.item(), rel=1e-12)
    assert risk.value() == pytest.approx(value, rel=1e-12)
    torch.testing.assert_close(found, gradient)
    assert net.training  # as before
    assert all(p.grad is None for p in net.parameters())


def test_the_loss_is_the_one_that_targets_suggest(net):
    one = nn.Linear(3, 1).double()
    z = one(torch.tensor(X)).detach()
    assert empirical_loss(one, X, X[:, 0]).value() == pytest.approx(
        0.5 * float((z[:, 0] - torch.tensor(X[:, 0])).square().mean())
    )
    logistic = nn.functional.binary_cross_entropy_with_logits(z[:, 0], torch.tensor(LABELS).double())
    assert empirical_loss(one, X, LABELS).value() == pytest.approx(logistic.item())
    custom = empirical_loss(net, X, LABELS, nn.CrossEntropyLoss())
    assert custom.value() == pytest.approx(empirical_loss(net, X, LABELS, "cross_entropy").value())


def test_weights_are_repetitions(net):
    weight = np.array([1, 2, 0, 1, 3, 1, 1])
    repeated = empirical_loss(net, X.repeat(weight, 0), LABELS.repeat(weight)).gradient()
    weighted = empirical_loss(net, X, LABELS, sample_weight=weight).gradient()
    assert weighted[0] == pytest.approx(repeated[0])
    torch.testing.assert_close(weighted[1], repeated[1])


def test_frozen_parameters_are_constants(net):
    net[0].weight.requires_grad_(False)
    risk = empirical_loss(net, X, LABELS)
    assert "0.weight" not in risk.parameters
    assert len(risk.gradient()[1]) == 4 + 8 + 2


def test_several_arguments_and_codes_of_words():
    class Pair(nn.Module):
        def __init__(self):
            super().__init__()
            self.words, self.out = nn.Embedding(5, 2), nn.Linear(3, 1)

        def forward(self, words, number):
            return self.out(torch.cat([self.words(words), number], 1))

    torch.manual_seed(0)
    risk = empirical_loss(Pair(), (np.array([0, 4]), np.array([[1.0], [2.0]])), np.array([1.0, 2.0]))
    assert risk.inputs[0].dtype == torch.int64
    assert risk.inputs[1].dtype == torch.float32
    assert np.isfinite(risk.value())


def test_a_step_moves_the_parameters_and_nothing_else(net):
    before = flat([p.detach().clone() for p in net.parameters()])
    step = torch.arange(float(len(before)), dtype=torch.float64)
    take_step(net, step)
    torch.testing.assert_close(flat(list(net.parameters())), before + step)
    assert [part.shape for part in unflat(step, list(net.parameters()))] == [p.shape for p in net.parameters()]
    with pytest.raises(DataError, match="one number a parameter"):
        take_step(net, [1.0])


def test_modes_are_put_back_part_by_part(net):
    net[2].eval()
    with evaluating(net):
        assert not any(part.training for part in net.modules())
    assert net.training
    assert not net[2].training


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((object(), X, LABELS), "torch module or a fitted"),
        ((nn.Linear(3, 2), X[:3], LABELS), "3 rows, y 7"),
        ((nn.Linear(3, 2), X, LABELS, "hinge"), "loss must be one of"),
        ((nn.Linear(3, 2), X, LABELS + 1), "label 2, the module has 2 outputs"),
        ((nn.Linear(3, 2), X, np.array(list("abababa"))), "Encode labels"),
        ((nn.Linear(3, 2), np.full((7, 3), np.nan), LABELS), "X holds NaN"),
        ((nn.Linear(3, 2).requires_grad_(False), X, LABELS), "can learn"),
        ((nn.LSTM(3, 2), X, LABELS), "not a tensor: pass loss="),
        ((nn.Linear(3, 2), X, 1), "must have rows"),
        ((nn.Linear(3, 2), X, LABELS - 1), "label -1"),
        ((nn.Linear(3, 2), X[:0], LABELS[:0]), "at least 1"),
    ],
)
def test_bad_input_is_said(arguments, message):
    with pytest.raises(DataError, match=message):
        empirical_loss(*arguments)


def test_weights_need_a_loss_that_knows_them(net):
    with pytest.raises(DataError, match="by name"):
        empirical_loss(net, X, LABELS, nn.CrossEntropyLoss(), sample_weight=np.ones(7)).value()


def test_a_fitted_estimator_brings_its_rows_its_labels_and_its_loss():
    from panlearn.neural_network import NeuralClassifier

    names = np.array(["no", "yes"])[LABELS]
    module = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    model = NeuralClassifier(module, max_epochs=2, random_state=0).fit(X.astype(np.float32), names)
    weight = np.arange(1.0, 8)
    risk = empirical_loss(model, X.astype(np.float32), names, sample_weight=weight)
    probability = model.predict_proba(X.astype(np.float32))[np.arange(7), LABELS]
    assert risk.value() == pytest.approx(-np.average(np.log(probability), weights=weight), rel=1e-5)
    with pytest.raises(DataError, match="not fitted"):
        empirical_loss(NeuralClassifier(module), X, names)


def test_bad_weights_and_losses_are_said(net):
    for weight in (np.ones(3), -np.ones(7), np.zeros(7)):
        with pytest.raises(DataError, match="sample_weight must be 7"):
            empirical_loss(net, X, LABELS, sample_weight=weight)
    with pytest.raises(DataError, match="one number"):
        empirical_loss(net, X, LABELS, lambda z, y: z.sum(1)).value()
    with pytest.raises(DataError, match="batch_size"):
        empirical_loss(net, X, LABELS, batch_size=0)
