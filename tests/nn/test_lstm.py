"""LSTM and its variants: oracle, torch's module, gradients, lengths, noise, edges."""

import copy
import itertools
import pickle
from typing import Any

import numpy as np
import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck

from panlearn.nn import LSTM
from tests.oracles.lstm import lstm

PARTS = ("peephole", "coupled", "layer_norm")
VARIANTS = [v for k in range(4) for v in itertools.combinations(PARTS, k)]
NOISE = {"recurrent_dropout": 0.3, "zoneout": (0.2, 0.4)}


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def network(*sizes, variant=(), **settings) -> LSTM:
    """With weights well away from what they start at."""
    torch.manual_seed(0)
    net = LSTM(*sizes, variant=variant or "standard", **settings).double()
    with torch.no_grad():
        for p in net.parameters():
            p.add_(0.3 * torch.randn_like(p))
    return net


def batch(T=4, B=3, I=2) -> torch.Tensor:
    return torch.randn(T, B, I, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


@pytest.mark.parametrize("variant", VARIANTS)
def test_matches_oracle(variant):
    net, x, lengths = network(2, 3, variant=variant), batch(), torch.tensor([2, 4, 1])
    h, c = (torch.randn(1, 3, 3, dtype=torch.float64) for _ in "hc")
    output, (last_h, last_c) = net(x, (h, c), lengths)
    p = {name.removesuffix("_l0"): value.tolist() for name, value in net.named_parameters()}
    for b, n in enumerate(lengths.tolist()):
        expected = lstm(x[:n, b].tolist(), h[0, b].tolist(), c[0, b].tolist(), p, variant)
        for ours, right in zip((output[:n, b], last_h[0, b], last_c[0, b]), expected):
            np.testing.assert_allclose(ours.detach(), right, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("settings", [{}, {"num_layers": 2, "bidirectional": True}, {"bias": False}, {"proj_size": 2}])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_matches_torch(settings, dtype):
    torch.manual_seed(0)
    theirs = torch.nn.LSTM(2, 4, **settings)
    torch.manual_seed(0)
    ours = LSTM(2, 4, **settings)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for a, b in zip(ours.state_dict().values(), theirs.state_dict().values()):
        assert torch.equal(a, b)  # the same seed, the same weights
    theirs, ours = theirs.to(torch.float64), ours.to(dtype)
    x, lengths = batch(7, 4), torch.tensor([3, 7, 7, 1])
    packed = torch.nn.utils.rnn.pack_padded_sequence(x, lengths, enforce_sorted=False)
    expected, (h, c) = theirs(packed)
    expected, _ = torch.nn.utils.rnn.pad_packed_sequence(expected)
    output, state = ours(x.to(dtype), lengths=lengths)
    (expected.sin().sum() + c.sum()).backward()
    (output.sin().sum() + state[1].sum()).backward()
    close: Any = {"rtol": 1e-5, "atol": 1e-6} if dtype == torch.float32 else {"rtol": 1e-10, "atol": 1e-12}
    for a, b in zip((output, *state), (expected, h, c)):
        torch.testing.assert_close(a.double(), b, **close)
    for a, b in zip(ours.parameters(), theirs.parameters()):
        assert a.grad is not None
        assert b.grad is not None
        torch.testing.assert_close(a.grad.double(), b.grad, **close)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("lengths", [None, torch.tensor([2, 3, 1])])
def test_gradient(variant, bidirectional, lengths):
    net = network(2, 2, variant=variant, bidirectional=bidirectional, **(NOISE if lengths is None else {}))
    state = [torch.randn(1 + bidirectional, 3, 2, dtype=torch.float64, requires_grad=True) for _ in "hc"]

    def function(x, h, c, *_):
        torch.manual_seed(3)
        output, last = net(x, (h, c), lengths)
        return output, *last

    assert gradcheck(function, (batch(3).requires_grad_(), *state, *net.parameters()), fast_mode=True)


@pytest.mark.parametrize("variant", [(), PARTS])
def test_second_derivatives(variant):
    net, x = network(2, 2, variant=variant), batch(3, 2).requires_grad_()
    for lengths in (None, torch.tensor([1, 3])):

        def function(x, *_, lengths=lengths):
            return net(x, lengths=lengths)[0]

        assert gradgradcheck(function, (x, *net.parameters()), fast_mode=True)


def test_second_derivatives_in_single_precision():
    """Where torch's own layer goes through oneDNN and refuses."""
    net, x = network(2, 3).float(), batch().float().requires_grad_()
    (g,) = torch.autograd.grad(net(x)[0].sin().sum(), x, create_graph=True)
    (ours,) = torch.autograd.grad(g.square().sum(), x)
    net, x = net.double(), x.detach().double().requires_grad_()
    (g,) = torch.autograd.grad(net(x)[0].sin().sum(), x, create_graph=True)
    (right,) = torch.autograd.grad(g.square().sum(), x)
    torch.testing.assert_close(ours.double(), right, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("variant", VARIANTS)
def test_padding_is_ignored(variant):
    net, x = network(2, 3, 2, variant=variant, bidirectional=True), batch(6)
    x = torch.where(torch.arange(6)[:, None, None] < 3, x, torch.nan).requires_grad_()
    output, _ = net(x, lengths=torch.tensor([3, 2, 1]))
    output.sum().backward()
    assert not output[3:].any()
    assert x.grad is not None
    assert x.grad[:1].all()
    assert not x.grad[3:].any()


@pytest.mark.parametrize("variant", VARIANTS)
def test_order_of_the_batch_does_not_matter(variant):
    net, x, lengths = network(2, 3, variant=variant), batch(5, 4), torch.tensor([2, 5, 1, 4])
    order = torch.tensor([3, 0, 2, 1])
    output, (h, c) = net(x, lengths=lengths)
    other, (h2, c2) = net(x[:, order], lengths=lengths[order])
    for a, b in ((output, other), (h, h2), (c, c2)):
        torch.testing.assert_close(a[:, order], b)


@pytest.mark.parametrize("variant", ["peephole", "coupled", "layer_norm", "ordered"])
def test_overfits_tiny_batch(variant):
    torch.manual_seed(0)
    net, head = LSTM(1, 8, variant=variant), torch.nn.Linear(8, 2)
    x, y = torch.randn(6, 8, 1), torch.arange(8) % 2
    optimizer = torch.optim.Adam([*net.parameters(), *head.parameters()], 0.05)
    loss = torch.tensor(torch.inf)
    for _ in range(80):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(head(net(x)[1][0][0]), y)
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.05


@pytest.mark.parametrize("variant", VARIANTS[1:])
def test_low_precision_is_computed_in_single(variant):
    net, x = network(2, 3, variant=variant).bfloat16(), batch().bfloat16()
    output, (h, c) = net(x)
    assert output.dtype == h.dtype == c.dtype == torch.bfloat16
    right, _ = copy.deepcopy(net).float()(x.float())
    torch.testing.assert_close(output, right.bfloat16())


def test_two_graphs_live_side_by_side_and_twice():
    net = network(2, 3, variant="peephole")
    x, y = batch(), 2 * batch()
    first, second = net(x)[0].sum(), net(y)[0].sum()
    expected = [torch.autograd.grad(net(z)[0].sum(), net.get_parameter("weight_hh_l0"))[0] for z in (x, y)]
    for loss, right in ((second, expected[1]), (first, expected[0]), (first, expected[0])):
        (found,) = torch.autograd.grad(loss, net.get_parameter("weight_hh_l0"), retain_graph=True)
        assert torch.equal(found, right)


def test_noise_rests_outside_training():
    net = network(2, 3, variant="peephole", recurrent_dropout=0.5)
    plain = network(2, 3, variant="peephole")
    x = batch()
    torch.testing.assert_close(net.eval()(x)[0], plain(x)[0])
    torch.manual_seed(0)
    noisy = net.train()(x)[0]
    torch.manual_seed(0)
    assert torch.equal(net(x)[0], noisy)
    assert not torch.allclose(noisy, plain(x)[0])


def test_zoneout_of_one_keeps_the_state():
    state = torch.randn(1, 3, 3, dtype=torch.float64), torch.randn(1, 3, 3, dtype=torch.float64)
    _, last = network(2, 3, zoneout=1.0)(batch(), state)
    for a, b in zip(last, state):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("variant", [(), *VARIANTS])
def test_edge_sizes(variant):
    net = network(1, 1, variant=variant)
    output, (h, c) = net(torch.ones(1, 1, 1, dtype=torch.float64), lengths=torch.tensor([1]))
    assert torch.equal(output[0], h[0])
    assert c.shape == (1, 1, 1)


def test_inputs_need_not_be_contiguous():
    net, x = network(2, 3, variant="coupled"), batch(4, 3, 4)
    torch.testing.assert_close(net(x[..., ::2])[0], net(x[..., ::2].contiguous())[0])
    flipped = x[..., :2].transpose(0, 1)
    torch.testing.assert_close(net(flipped)[0], net(flipped.contiguous())[0])


def test_frozen_weights_and_no_gradient():
    net, x = network(2, 3, variant="peephole"), batch().requires_grad_()
    right = net(x)[0]
    with torch.no_grad():
        assert torch.equal(net(x)[0], right)
    for p in net.parameters():
        p.requires_grad_(False)
    (found,) = torch.autograd.grad(net(x)[0].sum(), x)
    assert found.all()


def test_pickles_and_says_what_it_is():
    net = network(2, 3, variant=("peephole", "coupled"), zoneout=0.1)
    again = pickle.loads(pickle.dumps(net.eval()))
    assert torch.equal(again(batch())[0], net(batch())[0])
    assert repr(net) == "LSTM(2, 3, variant=('peephole', 'coupled'), zoneout=0.1)"


def test_start_of_the_variants():
    net = LSTM(2, 100, variant=("peephole", "layer_norm"))
    assert net.get_parameter("peephole_l0").abs().max() <= 0.1
    assert (net.get_parameter("norm_ih_l0") == 1).all()
    assert net.get_parameter("norm_c_l0").tolist() == [[1.0] * 100, [0.0] * 100]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"variant": "peepholes"}, "variant must be one of"),
        ({"variant": ()}, "variant must be one of"),
        ({"variant": 3}, "variant must be one of"),
        ({"variant": ("ordered", "peephole")}, "goes with no other"),
        ({"chunk_size": 2}, "chunk_size belongs to"),
        ({"proj_size": 3}, "proj_size must be an integer from 0 to hidden_size - 1, got 3"),
        ({"variant": "ordered", "proj_size": 1}, "takes no proj_size"),
        ({"zoneout": 2}, "zoneout must be a number from 0 to 1"),
        ({"recurrent_dropout": -1}, "recurrent_dropout must be"),
    ],
)
def test_refuses_wrong_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        LSTM(2, 3, **settings)


def test_refuses_a_state_of_wrong_shape():
    with pytest.raises(ValueError, match="hx must hold 2 tensors, got 1"):
        LSTM(2, 3)(torch.zeros(1, 1, 2), (torch.zeros(1, 1, 3),))
    with pytest.raises(ValueError, match=r"hx must have shape \(1, 1, 3\), got \(1, 1, 4\)"):
        LSTM(2, 3)(torch.zeros(1, 1, 2), (torch.zeros(1, 1, 3), torch.zeros(1, 1, 4)))
