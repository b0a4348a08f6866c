"""Step by step, and all at once, layers of ours compute the same; each state is seen once; nothing is left behind."""

import pytest
import torch
from torch import nn

from panlearn.diagnostics.recurrent_steps import step_by_step
from panlearn.nn.recurrent import Recurrent


class Leaky(Recurrent):
    """h_t = h_{t-1} / 2 + x_t W', c_t = c_{t-1} + h_t: two kinds of state, in a few lines."""

    n_states = 2

    def __init__(self, *sizes, **options):
        super().__init__(*sizes, **options)
        for layer in range(self.num_layers):
            for ending in ["", "_reverse"][: 2 if self.bidirectional else 1]:
                width = self.input_size if layer == 0 else self.hidden_size * (2 if self.bidirectional else 1)
                weight = torch.linspace(-1, 1, self.hidden_size * width).reshape(self.hidden_size, width)
                self.register_parameter(f"weight_ih_l{layer}{ending}", nn.Parameter(weight))

    def _scan(self, rows, steps, layer, reverse, state):
        (h, c), T = state, len(steps.sizes)
        drive, outputs = rows @ self._weights(layer, reverse)["weight_ih"].T, [rows] * T
        for t in reversed(range(T)) if reverse else range(T):
            n, start = int(steps.sizes[t]), int(steps.starts[t])
            outputs[t] = h[:n] / 2 + drive[start : start + n]
            h, c = torch.cat([outputs[t], h[n:]]), torch.cat([c[:n] + outputs[t], c[n:]])
        return torch.cat(outputs), (h, c)


def nothing(*name):
    return lambda state, step, value: None


def run(layer, x, lengths):
    output, state = layer(x, lengths=lengths)
    return output, *state


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("lengths", [None, [2, 5, 1]])
def test_outputs_and_states_are_those_of_one_pass(bidirectional, lengths):
    layer = Leaky(2, 3, num_layers=2, bidirectional=bidirectional)
    x = torch.randn(5, 3, 2, generator=torch.Generator().manual_seed(0))
    expected = run(layer, x, lengths)
    with step_by_step(layer, nothing):
        found = run(layer, x, lengths)
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b)


def test_each_state_is_seen_once_and_nothing_is_left_behind():
    net = nn.ModuleDict({"ours": Leaky(2, 3, num_layers=2, bidirectional=True), "torch": nn.GRU(2, 3)})
    seen = []

    def watcher(*name):
        return lambda state, step, value: seen.append((*name, state, step, len(value)))

    with step_by_step(net, watcher):
        net["ours"](torch.ones(3, 2, 2), lengths=[1, 3])
        net["torch"](torch.ones(3, 1, 2))
    assert len(seen) == len(set(seen)) == 2 * 2 * 2 * 3 + 3
    assert {step: n for name, *_, step, n in seen if name == "ours"} == {0: 2, 1: 1, 2: 1}
    assert all(not {"forward", "_scan", "_layers"} & set(part.__dict__) for part in net.modules())


def test_nothing_is_left_behind_after_an_error():
    layer = Leaky(2, 3)
    with pytest.raises(ValueError, match="input must have shape"), step_by_step(layer, nothing):
        layer(torch.ones(2, 1, 5))
    assert not {"_scan", "_layers"} & set(layer.__dict__)


def test_the_gradient_of_a_state_counts_all_ways_out_of_it():
    """|dL/dh_t| of the leaky layer with L = sum h_T is 2^-(T-t)."""
    layer, states = Leaky(1, 1), {}
    with step_by_step(layer, lambda *name: lambda state, step, value: states.__setitem__((state, step), value)):
        output, _ = layer(torch.ones(6, 1, 1))
    wanted = [states["h", t] for t in range(6)]
    gradients = torch.autograd.grad(output[-1].sum(), wanted)
    assert [float(g) for g in gradients] == [2.0 ** (t - 5) for t in range(6)]
    assert states["c", 0].requires_grad
    assert not states["c", 0].is_leaf or states["c", 0].grad is None
