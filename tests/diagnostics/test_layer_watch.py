"""What hooks see."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from panlearn.diagnostics.layer_watch import LayerWatch


def test_signals_are_torch_s_gradients():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)).double()
    x = torch.randn(5, 3, dtype=torch.float64)
    with LayerWatch(net) as watch:
        net(x).square().mean().backward()
    hidden = net[0](x).detach().requires_grad_()
    output = net[2](torch.tanh(hidden))
    expected = torch.autograd.grad(output.square().mean(), [hidden, output])
    assert watch.layers[0].signal == pytest.approx(expected[0].norm().item())
    assert watch.layers[2].signal == pytest.approx(expected[1].norm().item())
    assert watch.layers[0].mean == pytest.approx(hidden.mean().item())
    assert watch.layers[0].std == pytest.approx(hidden.std(correction=0).item())


def test_a_relu_that_overwrites_does_not_spoil_what_came_before():
    torch.manual_seed(0)
    nets = [nn.Sequential(nn.Linear(3, 4), nn.ReLU(inplace), nn.Linear(4, 1)) for inplace in (False, True)]
    nets[1].load_state_dict(nets[0].state_dict())
    x = torch.randn(5, 3)
    found = []
    for net in nets:
        with LayerWatch(net) as watch:
            net(x).sum().backward()
        found.append([number for seen in watch.layers for number in (seen.mean, seen.signal)])
    assert found[0] == pytest.approx(found[1])


def test_a_relu_as_a_function_is_seen_where_it_is_called():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear, self.relu = nn.Linear(2, 3), nn.ReLU()

        def forward(self, x):
            return self.relu(F.relu(self.linear(x)) - 1).relu()

    with LayerWatch(nn.Sequential(Net())) as watch:
        watch.module(torch.ones(2, 2))
    assert [seen.name for seen in watch.layers] == ["0.linear", "0.relu", "0.relu", "0.relu"]
    assert [seen.kind for seen in watch.layers] == ["Linear", "relu", "ReLU", "relu"]


def test_a_map_of_a_convolution_is_one_unit():
    net = nn.Sequential(nn.ReLU())
    maps = torch.zeros(2, 3, 2, 2)
    maps[0, 1, 0, 0] = 1
    with LayerWatch(net) as watch:
        net(maps)
    assert watch.layers[0].dead_share == pytest.approx(2 / 3)
    assert watch.layers[0].zero_share == pytest.approx(23 / 24)


def test_hooks_are_gone_afterwards_also_after_an_error():
    net = nn.Sequential(nn.RNN(2, 2))
    with pytest.raises(RuntimeError), LayerWatch(net):
        net(torch.ones(2, 2, 7))
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in net.modules())
    assert "forward" not in net[0].__dict__
    assert torch.overrides._get_current_function_mode() is None


def test_every_parameter_belongs_to_one_layer():
    class Own(nn.Module):
        """Parameters beside a child, a child whose forward is not called, and a layer that is called twice."""

        def __init__(self):
            super().__init__()
            self.scale, self.linear = nn.Parameter(torch.ones(4)), nn.Linear(4, 4)
            self.attention = nn.MultiheadAttention(4, 2, batch_first=True)

        def forward(self, x):
            x = self.linear(self.linear(x)) * self.scale
            return self.attention(x, x, x)[0]

    net = nn.Sequential(Own())
    with LayerWatch(net) as watch:
        net(torch.ones(2, 3, 4))
    found = {seen.name: seen.own for seen in watch.layers if seen.own}
    assert found["0.linear"] == ["0.linear.weight", "0.linear.bias"]
    assert found["0"] == ["0.scale"]
    assert "0.attention.out_proj.weight" in found["0.attention"]
    assert sorted(name for own in found.values() for name in own) == sorted(dict(net.named_parameters()))
    assert sum(len(seen.own) for seen in watch.layers) == len(dict(net.named_parameters()))
