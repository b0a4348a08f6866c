"""The ordered LSTM's node: equal to loops over numbers, to torch's operations, and with exact derivatives."""

import numpy as np
import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck

import panlearn
from panlearn.core import threads
from panlearn.nn import ordered_lstm, rnn_walk
from panlearn.nn.ordered_cell import ordered_reference
from panlearn.nn.ordered_lstm import ordered_scan, ordered_sizes
from panlearn.nn.recurrent_noise import Noise, NoiseSettings, draw_noise
from panlearn.nn.steps import steps_of
from tests.oracles.ordered_lstm import ordered

LENGTHS = [None, (2, 4, 1)]


def problem(lengths=None, H=6, chunk_size=2, noisy=False, dtype=torch.float64, B=3, T=4):
    """Gates, recurrent weights, h and c; steps; masks."""
    torch.manual_seed(0)
    steps = steps_of(None if lengths is None else torch.tensor(lengths), T, B)
    width, _ = ordered_sizes(H, chunk_size)
    shapes = (steps.n_rows, width), (width, H), (B, H), (B, H)
    given = tuple(torch.randn(*shape, dtype=dtype, requires_grad=True) for shape in shapes)
    noise = draw_noise(NoiseSettings(0.3, 0.2, 0.4), steps, given[0], (H, H)) if noisy else Noise()
    return given, steps, noise


def flat(function, steps, reverse, noise):
    def call(gates, weight, h, c):
        outputs, state = function(gates, weight, (h, c), steps, reverse, noise)
        return outputs, *state

    return call


@pytest.mark.parametrize("noisy", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("lengths", LENGTHS)
def test_matches_oracle(lengths, reverse, noisy):
    (gates, weight, h, c), steps, noise = problem(lengths, noisy=noisy)
    outputs, (last_h, last_c) = ordered_scan(gates, weight, (h, c), steps, reverse, noise)
    numbers = [x.detach().numpy() for x in (gates, weight, h, c)]
    for place in range(steps.n_sequences):
        rows = [int(steps.starts[t]) + place for t in range(len(steps.sizes)) if steps.sizes[t] > place]
        rows = rows[::-1] if reverse else rows
        masks = [None, None, None]
        if noisy:
            masks = [mask[at].numpy() for mask, at in zip(noise, (place, rows, rows)) if mask is not None]
        hs, cs = ordered(numbers[0][rows], numbers[1], numbers[2][place], numbers[3][place], *masks)
        np.testing.assert_allclose(outputs.detach()[rows], hs, atol=1e-13)
        np.testing.assert_allclose(last_h.detach()[place], hs[-1], atol=1e-13)
        np.testing.assert_allclose(last_c.detach()[place], cs[-1], atol=1e-13)


@pytest.mark.parametrize("noisy", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("lengths", LENGTHS)
def test_gradient(lengths, reverse, noisy):
    given, steps, noise = problem(lengths, H=4, noisy=noisy)
    call = flat(ordered_scan, steps, reverse, noise)
    assert gradcheck(call, given)
    if noisy and lengths:
        assert gradgradcheck(call, given, fast_mode=True)


@pytest.mark.parametrize(("H", "chunk_size"), [(16, 1), (20, 10), (17, 1), (1, 1)])
@pytest.mark.parametrize("count", [1, 2])
def test_kernels_and_tensors_agree(monkeypatch, H, chunk_size, count):
    """In float32, on one thread and on two, which differ in nothing but the product's order of summation."""
    for module in (threads, rnn_walk):
        monkeypatch.setattr(module, "GATE", 0)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    lengths = torch.randint(1, 20, (13,), generator=torch.Generator().manual_seed(1)).tolist()
    given, steps, noise = problem(lengths, H, chunk_size, noisy=True, dtype=torch.float32, B=13, T=20)
    results = []
    for function in (ordered_scan, ordered_reference):
        with panlearn.threads(count):
            found = flat(function, steps, False, noise)(*given)
            weights = [torch.linspace(-1, 1, x.numel()).reshape(x.shape) for x in found]
            results.append([*found, *torch.autograd.grad(found, given, weights)])
    for a, b in zip(*results):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)


def test_second_pass_through_one_graph():
    """The first overwrites what was kept; two graphs at once do not touch each other."""
    given, steps, noise = problem((2, 4, 1))
    call = flat(ordered_scan, steps, False, noise)
    first, other = call(*given)[0], call(*(2 * x for x in given))[0]
    once = torch.autograd.grad(first.square().sum(), given, retain_graph=True)
    torch.autograd.grad(other.sum(), given)
    again = torch.autograd.grad(first.square().sum(), given)
    for a, b in zip(once, again):
        assert torch.equal(a, b)


def test_gradient_of_some():
    """Of the last cell alone, and with frozen weights."""
    given, steps, noise = problem((2, 4, 1))
    gates, weight, h, c = given
    expected = torch.autograd.grad(ordered_reference(gates, weight, (h, c), steps, False, noise)[1][1].sum(), given)
    found = torch.autograd.grad(ordered_scan(gates, weight, (h, c), steps)[1][1].sum(), given)
    for a, b in zip(found, expected):
        torch.testing.assert_close(a, b)
    (alone,) = torch.autograd.grad(
        ordered_scan(gates, weight.detach(), (h.detach(), c.detach()), steps)[1][1].sum(), gates
    )
    torch.testing.assert_close(alone, expected[0])


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision(dtype):
    """Computed in float32 and given back as it came."""
    given, steps, noise = problem(dtype=torch.float32)
    half = [x.detach().to(dtype).requires_grad_() for x in given]
    wide = [x.detach().float().requires_grad_() for x in half]
    found, expected = (flat(ordered_scan, steps, False, noise)(*x) for x in (half, wide))
    for a, b in zip(found, expected):
        assert a.dtype == dtype
        assert torch.equal(a, b.to(dtype))
    (gradient,) = torch.autograd.grad(found[0].float().sum(), half[0])
    assert gradient.dtype == dtype


def test_invariances():
    """Cells of one chunk change places with their weights; the master gates' scores may all be shifted."""
    (gates, weight, h, c), steps, _ = problem(H=6, chunk_size=2)
    outputs = ordered_scan(gates, weight, (h, c), steps)[0]
    swap = torch.tensor([1, 0, 3, 2, 4, 5])
    rows = torch.cat([swap + 6 * block for block in range(4)] + [torch.arange(24, 30)])
    swapped = ordered_scan(gates[:, rows], weight[rows][:, swap], (h[:, swap], c[:, swap]), steps)[0]
    torch.testing.assert_close(swapped, outputs[:, swap])
    shift = torch.zeros(30, dtype=gates.dtype)
    shift[24:27], shift[27:] = 3.0, -700.0
    torch.testing.assert_close(ordered_scan(gates + shift, weight, (h, c), steps)[0], outputs)


def test_edge_cases():
    given, steps, _ = problem(H=6, chunk_size=2)
    gates, weight, h, c = given
    one_master = torch.cat([gates[:, :24], gates[:, 24:26]], 1)
    outputs, (_, last) = ordered_scan(one_master, weight[:26], (h, c), steps)
    assert torch.equal(last, c)  # f̃ = 1 and ĩ = 0: nothing is ever written
    assert outputs.isfinite().all()
    extreme = (gates * 1e30).detach()
    outputs = ordered_scan(extreme, weight, (h, c), steps)[0]
    assert outputs.isfinite().all()
    holes = gates.detach().clone()
    holes[4, 0] = torch.nan  # second step, second sequence
    outputs = ordered_scan(holes, weight, (h, c), steps)[0]
    assert outputs[:4].isfinite().all()
    assert outputs[4].isnan().any()
    assert outputs[[5, 6, 8]].isfinite()[[0, 1]].all()


def test_sizes():
    assert ordered_sizes(12, 3) == (56, 3)
    assert ordered_sizes(128) == (544, 8)
    assert ordered_sizes(1) == (6, 1)
    assert ordered_sizes(7) == (42, 1)
    for bad in (0, 5, 12, True, 1.5, "2"):
        with pytest.raises(ValueError, match="chunk_size must be one of"):
            ordered_sizes(12, bad)


def test_no_gradient_is_kept():
    (gates, weight, h, c), steps, _ = problem()
    with torch.no_grad():
        assert not ordered_lstm.ordered_scan(gates, weight, (h, c), steps)[0].requires_grad
