"""The loop: gradient descent as it is written down, by any route to the gradient, and usable when interrupted."""

import numpy as np
import pytest
import torch
from torch import nn

from panlearn.core.errors import DataError
from panlearn.neural_network.training.batches import Batches, TensorRows
from panlearn.neural_network.training.callback import Callback
from panlearn.neural_network.training.loop import start, train
from panlearn.neural_network.training.objective import OBJECTIVES
from panlearn.neural_network.training.settings import Settings
from tests.neural_network.training.fits import begin, network, table, weights
from tests.oracles import training_loop as oracle


@pytest.mark.parametrize("weighted", [False, True])
def test_matches_oracle(weighted):
    X, y = table(20, 3, dtype=torch.float64)
    weight = torch.linspace(0.2, 1.8, 20, dtype=torch.float64) if weighted else None
    module = network(3, dtype=torch.float64)
    batches = Batches(TensorRows((X,)), y, weight, 8)
    parameters = [p.detach().numpy().T.copy() for p in module.parameters()]
    row_weight = np.ones(20) if weight is None else weight.numpy()
    cut = [b.indices.numpy() for epoch in range(2) for b in batches.epoch(epoch)]
    wanted = oracle.train(parameters, [(X.numpy()[k], y.numpy()[k], row_weight[k]) for k in cut], 0.1)
    run = train(start(module, batches, OBJECTIVES["cross_entropy"], Settings("sgd", 0.1, max_epochs=2)))
    for found, value in zip(run.module.parameters(), wanted):
        np.testing.assert_allclose(found.detach().numpy().T, value, atol=1e-7)


def test_matches_peer():
    """A loop written by hand with torch.optim."""
    X, y = table()
    module, batches, loss = network(), Batches(TensorRows((X,)), y, None, 16), torch.tensor(0.0)
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-3)
    for epoch in range(3):
        for batch in batches.epoch(epoch):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(module(*batch.inputs), batch.target)
            loss.backward()
            optimizer.step()
    wanted = torch.cat([p.detach().double().flatten() for p in module.parameters()])
    run = train(begin())
    torch.testing.assert_close(weights(run), wanted, rtol=0, atol=1e-6)
    assert run.loss == pytest.approx(loss.item(), abs=1e-6)


class ByHand(nn.Module):
    """Softmax regression with its own backward pass."""

    def __init__(self):
        super().__init__()
        self.linear, self.calls = nn.Linear(4, 2), 0
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, x):
        return self.linear(x)

    @torch.no_grad()
    def backpropagate(self, batch, objective):
        self.calls += 1
        (x,), y = batch.inputs, batch.target
        z = self.linear(x)
        delta = (torch.softmax(z, 1) - nn.functional.one_hot(y, 2)) / len(x)  # d loss / d z
        weight, bias = self.linear.weight.grad, self.linear.bias.grad
        assert weight is not None
        assert bias is not None
        weight.add_(delta.T @ x)
        bias.add_(delta.sum(0))
        return objective(z, y)


def test_gradient_by_hand_is_that_of_autograd():
    own, plain = ByHand(), ByHand()
    runs = train(begin(own)), train(begin(nn.Sequential(plain)))  # a wrapper hides the method
    torch.testing.assert_close(*map(weights, runs), rtol=0, atol=1e-6)
    assert own.calls == 18
    assert plain.calls == 0
    half = ByHand()
    train(begin(half, precision="float16"))
    assert half.calls == 0  # products in 16 bits are autograd's


def test_history():
    X, y = table()
    run = train(begin(size=90), lambda module: (0.5, float(module.training)))
    assert [epoch.validation_score for epoch in run.history] == [0.0, 0.0, 0.0]  # validated in evaluation mode
    assert not run.module.training
    with torch.no_grad():
        first = nn.functional.cross_entropy(network()(X), y).item()
    assert run.history[0].loss == pytest.approx(first, rel=1e-6)  # the loss before the only update of a pass
    norm = torch.cat([segment.gradient for segment in run.segments]).norm().item()
    assert run.history[-1].gradient_norm == pytest.approx(norm, rel=1e-6)


def test_invariances():
    """Weights of 2 and 0 are rows repeated and left out."""
    X, y = table(40)
    weight = torch.cat([torch.full((20,), 2.0), torch.zeros(20)])
    full = {"size": 40, "shuffle": False}
    found = []
    for rows, target, given in ((X, y, weight), (X[:20].repeat(2, 1), y[:20].repeat(2), None)):
        batches = Batches(TensorRows((rows,)), target, given, **full)
        found.append(weights(train(start(network(), batches, OBJECTIVES["cross_entropy"], Settings("sgd", 0.1)))))
    torch.testing.assert_close(*found, rtol=0, atol=1e-6)


def test_reproducible():
    first, second = (train(begin(network(dropout=0.5))) for _ in range(2) if torch.manual_seed(0))
    assert torch.equal(weights(first), weights(second))
    assert not torch.equal(weights(first), weights(train(begin(network(dropout=0.5)))))


def test_overfits_tiny_batch():
    run = train(begin(data=table(8), max_epochs=300, learning_rate=0.05))
    assert run.last.loss < 0.01


class Interrupt(Callback):
    def __init__(self, step):
        self.step, self.ended = step, False

    def on_batch_end(self, run):
        if run.step == self.step:
            raise KeyboardInterrupt

    def on_fit_end(self, run):
        self.ended = True


@pytest.mark.parametrize("step", [1, 6, 8])
def test_interrupt_leaves_a_usable_model(step):
    interrupt = Interrupt(step)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        run = train(begin(callbacks=(interrupt,)))
    assert run.stopped == "interrupted by Ctrl-C"
    assert interrupt.ended
    assert not run.module.training
    assert np.isfinite(run.last.loss)
    assert len(run.history) == 1 + (step > 6)


def test_edge_cases():
    assert train(begin(max_epochs=0)).history == []
    one = train(begin(data=table(1)))  # one row
    assert one.step == 3
    frozen = network()
    frozen[0].requires_grad_(False)
    before = frozen.state_dict()["0.weight"].clone()
    run = train(begin(frozen))
    assert torch.equal(frozen.state_dict()["0.weight"], before)
    assert run.history[-1].loss < run.history[0].loss


def test_compile_gives_the_same_training(monkeypatch):
    """Through a backend that traces and changes nothing: the switch, not the compiler, is ours."""
    compiled = torch.compile
    monkeypatch.setattr(torch, "compile", lambda module: compiled(module, backend="eager"))
    torch.testing.assert_close(weights(train(begin(compile=True))), weights(train(begin())), rtol=0, atol=1e-6)


def test_compile_without_a_compiler(monkeypatch):
    def broken(module):
        def forward(*inputs):
            raise TorchDynamoException("no g++")

        return forward

    from torch._dynamo.exc import TorchDynamoException

    monkeypatch.setattr(torch, "compile", broken)
    with pytest.raises(DataError, match=r"compile=True failed: .*no g\+\+.* set compile=False"):
        train(begin(compile=True))
