"""Gradients by layer and by time step, against what torch says; verdicts on planted faults."""

import copy
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from panlearn.core.errors import DataError
from panlearn.diagnostics import gradient_flow


def deep(activation, depth=12, width=16, gain=1.0):
    torch.manual_seed(0)
    layers = []
    for _ in range(depth):
        linear = nn.Linear(width, width)
        nn.init.normal_(linear.weight, std=gain * (2 / width) ** 0.5)
        nn.init.zeros_(linear.bias)
        layers += [linear, activation()]
    return nn.Sequential(*layers, nn.Linear(width, 1))


def rows(n=32, width=16):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(n, width, generator=generator), torch.randn(n, generator=generator)


class Last(nn.Module):
    """The last output of a recurrent layer decides."""

    def __init__(self, layer, width):
        super().__init__()
        self.layer, self.out = layer, nn.Linear(width, 1)

    def forward(self, x):
        return self.out(self.layer(x)[0][:, -1])


def test_gradients_are_torch_s():
    net, (X, y) = deep(nn.Tanh, 3), rows()
    loss = nn.functional.mse_loss(net(X)[:, 0], y, reduction="sum")
    flow = gradient_flow(net, X, y[:, None], nn.MSELoss(reduction="sum"))
    loss.backward()
    for layer in flow.layers:
        part = net.get_submodule(layer.name)
        own = [p for p in part.parameters() if p.grad is not None]
        assert layer.n_parameters == sum(p.numel() for p in own)
        if own:
            expected = torch.cat([p.grad.flatten() for p in own if p.grad is not None]).norm()
            assert layer.gradient_norm == pytest.approx(expected.item(), rel=1e-5)
    total = torch.cat([p.grad.flatten() for p in net.parameters() if p.grad is not None]).norm()
    assert flow.gradient_norm == pytest.approx(total.item(), rel=1e-5)
    assert flow.loss == pytest.approx(loss.item(), rel=1e-5)


def test_a_deep_logistic_network_vanishes_and_relu_does_not():
    """Note 001 §5: the derivative of the logistic function is at most 1/4."""
    X, y = rows()
    flow = gradient_flow(deep(nn.Sigmoid), X, y)
    assert flow.verdict == "vanishing towards 0"
    signals = [layer.signal for layer in flow.layers if layer.kind == "Linear"]
    assert all(before < after for before, after in pairwise(signals))
    assert "vanishing" not in gradient_flow(deep(nn.ReLU), X, y).verdict


def test_weights_too_large_explode():
    X, y = rows()
    flow = gradient_flow(deep(nn.LeakyReLU, gain=3.0), X, y)
    assert flow.verdict == "exploding towards 0"
    flow = gradient_flow(Last(scaled(nn.RNN(2, 4, nonlinearity="relu", batch_first=True), 1.5), 4), *sequences(30))
    assert "exploding through time" in flow.verdict


def scaled(layer: Any, factor):
    """Recurrence h_t = ReLU(factor h_{t-1} + W x)."""
    with torch.no_grad():
        layer.weight_hh_l0.copy_(factor * torch.eye(layer.hidden_size))
        layer.bias_hh_l0.zero_()
        layer.bias_ih_l0.fill_(0.1)
    return layer


def sequences(steps, n=8):
    torch.manual_seed(0)
    return torch.rand(n, steps, 2), torch.randn(n)


@pytest.mark.parametrize("factor", [0.5, 0.99, 1.01])
def test_a_linear_recurrence_multiplies_by_its_weight_each_step(factor):
    """Note 001 §8.4: 1.01^1000 = 20 000, 0.99^1000 = 0."""
    torch.manual_seed(0)
    layer: Any = scaled(nn.RNN(2, 3, nonlinearity="relu", batch_first=True), factor)
    with torch.no_grad():
        layer.weight_ih_l0.abs_()  # every unit stays in the linear part
    X, y = sequences(40)
    (step,) = gradient_flow(Last(layer, 3), X, y).steps
    np.testing.assert_allclose(step.signal[:-1] / step.signal[1:], factor, rtol=1e-4)
    assert (step.name, step.state, len(step.signal)) == ("layer layer 0", "h", 40)


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
def test_signals_in_time_are_those_of_a_loop_of_cells(name):
    torch.manual_seed(0)
    layer = getattr(nn, name)(2, 3, batch_first=True).double()
    net = Last(layer, 3).double()
    X, y = (t.double() for t in sequences(6))
    flow = gradient_flow(net, X, y)
    cell = getattr(nn, f"{name}Cell")(2, 3).double()
    for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
        getattr(cell, kind).data = getattr(layer, f"{kind}_l0").data
    state, kept = None, []
    for t in range(6):
        state = cell(X[:, t], state)
        kept.append(state if isinstance(state, tuple) else (state,))
        for part in kept[-1]:
            part.retain_grad()
    loss = 0.5 * (net.out(kept[-1][0])[:, 0] - y).square().mean()
    loss.backward()
    assert flow.loss == pytest.approx(loss.item())
    assert [step.state for step in flow.steps] == ["h", "c"][: len(kept[0])]
    for i, step in enumerate(flow.steps):
        np.testing.assert_allclose(step.signal, [parts[i].grad.norm().item() for parts in kept], rtol=1e-8)
        np.testing.assert_allclose(step.size, [parts[i].norm().item() for parts in kept], rtol=1e-8)


def test_a_cell_in_a_user_s_loop_is_seen_by_step():
    class Loop(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell, self.out = nn.GRUCell(2, 3), nn.Linear(3, 1)

        def forward(self, x):
            h = x.new_zeros(len(x), 3)
            for t in range(x.shape[1]):
                h = self.cell(x[:, t], h)
            return self.out(h)

    torch.manual_seed(0)
    net = Loop()
    X, y = sequences(5)
    (step,) = gradient_flow(net, X, y).steps
    layer = nn.GRU(2, 3, batch_first=True)
    for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
        getattr(layer, f"{kind}_l0").data = getattr(net.cell, kind).data
    whole = Last(layer, 3)
    whole.out = net.out
    (expected,) = gradient_flow(whole, X, y).steps
    np.testing.assert_allclose(step.signal, expected.signal, rtol=1e-5)
    layers = gradient_flow(net, X, y).layers
    assert sum(layer.n_parameters for layer in layers) == sum(p.numel() for p in net.parameters())


def test_an_open_forget_gate_keeps_what_a_plain_recurrence_loses():
    """Notes 000 §5.4, 001 §8.4."""
    torch.manual_seed(0)
    X, y = sequences(60)
    plain = gradient_flow(Last(nn.RNN(2, 8, batch_first=True), 8), X, y)
    lstm: Any = nn.LSTM(2, 8, batch_first=True)
    with torch.no_grad():
        lstm.bias_ih_l0[8:16] = 6.0  # forget gate open
    gated = gradient_flow(Last(lstm, 8), X, y)
    assert "vanishing through time" in plain.verdict
    cell = gated.steps[1]
    assert cell.state == "c"
    assert cell.signal[0] > 0.1 * cell.signal[-2]


def test_dead_units_are_counted():
    net: Any = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 1))
    with torch.no_grad():
        net[0].weight.fill_(1.0)
        net[0].bias.copy_(torch.tensor([-100.0, -100.0, -100.0, 1.0]))
    flow = gradient_flow(net, [[1.0, 2.0], [0.5, 1.0]], [1.0, 0.0])
    assert flow.layers[1].dead_share == 0.75
    assert flow.verdict == "dead units in 1"
    assert "75%" in str(flow)
    assert np.isnan(flow.layers[0].dead_share)


def test_update_ratio_is_that_of_the_next_step():
    net, (X, y) = deep(nn.Tanh, 2), rows()
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    for _ in range(3):
        optimizer.zero_grad()
        nn.functional.mse_loss(net(X)[:, 0], y).backward()
        optimizer.step()
    optimizer.zero_grad()
    before = copy.deepcopy(net.state_dict())
    moments = copy.deepcopy(optimizer.state_dict())
    flow = gradient_flow(net, X, y[:, None], nn.MSELoss(), optimizer=optimizer)
    assert all(torch.equal(before[name], t) for name, t in net.state_dict().items())
    for old, new in zip(moments["state"].values(), optimizer.state_dict()["state"].values()):
        assert all(torch.equal(torch.as_tensor(old[k]), torch.as_tensor(new[k])) for k in old)
    nn.functional.mse_loss(net(X)[:, 0], y).backward()
    optimizer.step()
    for layer in flow.layers[::2]:
        own = [f"{layer.name}.{kind}" for kind in ("weight", "bias")]
        moved = torch.cat([(net.state_dict()[name] - before[name]).flatten() for name in own]).norm()
        size = torch.cat([before[name].flatten() for name in own]).norm()
        assert layer.update_ratio == pytest.approx((moved / size).item(), rel=1e-4)
    plain = gradient_flow(net, X, y, optimizer=0.5)
    assert plain.layers[0].update_ratio == pytest.approx(
        0.5 * plain.layers[0].gradient_norm / plain.layers[0].weight_norm
    )


def test_the_network_is_left_as_it_was():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.ReLU(), nn.Linear(4, 1)).eval()
    before, drawn = copy.deepcopy(net.state_dict()), torch.random.get_rng_state()
    flows = [gradient_flow(net, np.random.default_rng(0).normal(size=(9, 3)), np.arange(9.0)) for _ in range(2)]
    assert flows[0] == flows[1] or str(flows[0]) == str(flows[1])
    assert all(torch.equal(before[name], t) for name, t in net.state_dict().items())
    assert torch.equal(drawn, torch.random.get_rng_state())
    assert not net.training
    assert all(p.grad is None for p in net.parameters())
    assert flows[0].layers[1].output_std == pytest.approx(1, abs=0.01)  # normalised by the batch itself


def test_overflow_is_said():
    net, (X, y) = deep(nn.ReLU, 30, gain=40.0), rows()
    assert gradient_flow(net, X, y).verdict.startswith("not finite")


def test_residual_paths_let_the_signal_through():
    """Note 004 §5."""

    class Residual(nn.Module):
        def __init__(self, inner):
            super().__init__()
            self.inner = inner

        def forward(self, x):
            return x + self.inner(x)

    torch.manual_seed(0)
    X, y = rows()
    parts = [nn.Sequential(nn.Linear(16, 16), nn.Sigmoid()) for _ in range(20)]
    plain = gradient_flow(nn.Sequential(*parts, nn.Linear(16, 1)), X, y)
    residual = gradient_flow(nn.Sequential(*map(Residual, parts), nn.Linear(16, 1)), X, y)
    assert plain.verdict.startswith("vanishing")
    assert residual.verdict == "healthy"


def test_frozen_layers_and_bad_input():
    net, (X, y) = deep(nn.Tanh, 2), rows()
    net[0].requires_grad_(False)
    flow = gradient_flow(net, X, y)
    assert flow.layers[0].n_parameters == 0
    assert np.isnan(flow.layers[0].gradient_norm)
    with pytest.raises(DataError, match="positive learning rate"):
        gradient_flow(net, X, y, optimizer=-1.0)
