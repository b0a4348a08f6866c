"""Recurrent layers, a step of training: gradients of the outputs in the input and all parameters, in float32.

Rows are steps, columns units; the width of the input is that of the units, or half of it in the large case. A variant
of the LSTM has no fast peer: torch's plain layer of the same size is the yardstick, beside a loop over steps in torch's
operations and torchrecurrent's. Ragged batches have lengths from T/4 to T; torch packs them, or computes the padding.
Quality is the largest error of a gradient against the same module in float64, relative to the largest entry.
"""

import copy
from collections.abc import Callable
from functools import cache, partial
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from benchmarks.cases import Case, Contender, Problem, Quality

SIZES = {"tiny": (3, 4), "small": (50, 64), "medium": (100, 128), "large": (100, 256)}
SEQUENCES = {4: (2, 4), 64: (32, 64), 128: (32, 128), 256: (64, 128)}  # of H: sequences, and width of the input


class Batch(NamedTuple):
    """Sequences, and what their outputs are multiplied by."""

    x: Any  # (T, B, I)
    g: Any  # (T, B, H), zero behind the ends
    lengths: Any  # (B,)


class Found(NamedTuple):
    """What a contender found, and how it can be found again in float64."""

    net: Any
    run: Callable[[Any, Batch], Any]
    gradients: list[Any]


@cache
def problem_of(ragged: bool, t: int, h: int) -> Problem:
    """Random sequences, the gradient of their outputs, and lengths."""
    import torch

    b, i = SEQUENCES[h]
    random = torch.Generator().manual_seed(0)
    x, g = torch.randn(t, b, i, generator=random).requires_grad_(), torch.randn(t, b, h, generator=random)
    lengths = torch.randint(max(1, t // 4), t + 1, (b,), generator=random) if ragged else torch.full((b,), t)
    lengths[0] = t
    problem = Problem(np.zeros((t, h)), np.zeros(t))
    problem.batch = Batch(x, g * (torch.arange(t)[:, None] < lengths)[..., None], lengths)  # type: ignore[attr-defined]
    return problem


@cache
def layer(package: str, name: str, settings: tuple[tuple[str, Any], ...], i: int, h: int) -> Any:
    """A layer, the same at each call."""
    import torch

    torch.manual_seed(0)
    return getattr(import_module(package), name)(i, h, **dict(settings))


def whole(net: Any, batch: Batch) -> Any:
    """Outputs at all steps, those of the padding too."""
    return net(batch.x)[0]


def ragged(net: Any, batch: Batch) -> Any:
    """Outputs at the steps there are."""
    return net(batch.x, lengths=batch.lengths)[0]


def packed(net: Any, batch: Batch) -> Any:
    """The same through torch's packed sequences."""
    from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

    return pad_packed_sequence(net(pack_padded_sequence(batch.x, batch.lengths, enforce_sorted=False))[0])[0]


def looped(net: Any, batch: Batch) -> Any:
    """A peephole LSTM as one writes it in torch: the input's product at once, then a step at a time."""
    import torch

    x = torch.nn.functional.linear(batch.x, net.weight_ih_l0, net.bias_ih_l0 + net.bias_hh_l0)
    h = c = x.new_zeros(x.shape[1], net.hidden_size)
    p, outputs = net.peephole_l0, []
    for step in x:
        i, f, g, o = (step + h @ net.weight_hh_l0.T).chunk(4, 1)
        c = torch.sigmoid(f + p[1] * c) * c + torch.sigmoid(i + p[0] * c) * torch.tanh(g)
        h = torch.sigmoid(o + p[2] * c) * torch.tanh(c)
        outputs.append(h)
    return torch.stack(outputs)


def gradients(net: Any, run: Callable[[Any, Batch], Any], batch: Batch) -> list[Any]:
    """Gradients in the input and all parameters."""
    import torch

    return list(torch.autograd.grad(run(net, batch), (batch.x, *net.parameters()), batch.g))


def contender(title: str, run: Callable[[Any, Batch], Any], package: str, name: str, **settings: Any) -> Contender:
    """One layer, and how it is run."""

    def fit(problem: Any, tol: float) -> Found:
        batch = problem.batch
        net = layer(package, name, tuple(settings.items()), batch.x.shape[2], batch.g.shape[2])
        return Found(net, run, gradients(net, run, batch))

    return Contender(title, package.partition(".")[0], fit)


def quality(problem: Any, found: Found) -> Quality:
    """Largest relative error of a gradient."""
    batch = problem.batch
    exact_batch = batch._replace(x=batch.x.detach().double().requires_grad_(), g=batch.g.double())
    exact = gradients(copy.deepcopy(found.net).double(), found.run, exact_batch)
    errors = [((a - b).abs().max() / b.abs().max()).item() for a, b in zip(found.gradients, exact) if b.any()]
    return Quality(max(errors), 0.0)


def case(title: str, name: str, peer: str, *others: Contender, padded: bool = False, **settings: Any) -> Case:
    """A layer against torch's, on whole or on ragged batches."""
    own = contender("panlearn", ragged if padded else whole, "panlearn.nn", name, **settings)
    plain = contender(f"torch.nn.{peer}, padding computed" if padded else f"torch.nn.{peer}", whole, "torch.nn", peer)
    peers = (plain, contender(f"torch.nn.{peer}, packed", packed, "torch.nn", peer)) if padded else (plain, *others)
    title = f"nn.{title}{', ragged' if padded else ''}: a training step"
    return Case(title, SIZES, partial(problem_of, padded), own, peers, quality, 1e-4, "relative error of a gradient")


LOOPS = (
    contender("a loop in torch", looped, "panlearn.nn", "LSTM", variant="peephole")._replace(package="torch"),
    contender("torchrecurrent.PeepholeLSTM", whole, "torchrecurrent", "PeepholeLSTM"),
)
CASES = (
    case("LSTM, standard", "LSTM", "LSTM"),
    case("LSTM, peephole", "LSTM", "LSTM", *LOOPS, variant="peephole"),
    case("LSTM, coupled", "LSTM", "LSTM", variant="coupled"),
    case("LSTM, layer_norm", "LSTM", "LSTM", variant="layer_norm"),
    case("LSTM, ordered", "LSTM", "LSTM", variant="ordered"),
    case("GRU", "GRU", "GRU"),
    case("GRU, reset before", "GRU", "GRU", reset_after=False),
    case("RNN", "RNN", "RNN"),
    case("LSTM, standard", "LSTM", "LSTM", padded=True),
    case("LSTM, peephole", "LSTM", "LSTM", variant="peephole", padded=True),
    case("GRU", "GRU", "GRU", padded=True),
    case("RNN", "RNN", "RNN", padded=True),
)
