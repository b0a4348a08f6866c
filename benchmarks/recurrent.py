"""Recurrent layers, a step of training: each variant of the LSTM against torch's plain one, in float32.

Rows are steps, columns units; the width of the input is that of the units, or half of it in the large
case. There is no faster peer for a variant, so that torch's plain LSTM is the yardstick: equal work but for what the
variant adds. Quality is the largest error of a gradient against the same module in float64, relative to the largest
entry. Ragged batches have lengths from T/4 to T; the peer packs them.
"""

import copy
from functools import cache
from typing import Any

import numpy as np

from benchmarks.cases import Case, Contender, Problem, Quality

SIZES = {"tiny": (3, 4), "small": (50, 64), "medium": (100, 128), "large": (100, 256)}
SEQUENCES = {4: (2, 4), 64: (32, 64), 128: (32, 128), 256: (64, 128)}  # of H: sequences, and width of the input


@cache
def batch(ragged: bool, t: int, h: int) -> Problem:
    """Random sequences, the gradient of their outputs, and lengths."""
    import torch

    b, i = SEQUENCES[h]
    random = torch.Generator().manual_seed(0)
    x, g = torch.randn(t, b, i, generator=random).requires_grad_(), torch.randn(t, b, h, generator=random)
    lengths = torch.randint(max(1, t // 4), t + 1, (b,), generator=random) if ragged else torch.full((b,), t)
    lengths[0] = t
    problem = Problem(np.zeros((t, h)), np.zeros(t))
    g = g * (torch.arange(t)[:, None] < lengths)[..., None]
    problem.batch = x, g, lengths if ragged else None  # type: ignore[attr-defined]
    return problem


@cache
def layer(package: str, variant: str, i: int, h: int) -> Any:
    import torch

    from panlearn import nn

    torch.manual_seed(0)
    return torch.nn.LSTM(i, h) if package == "torch" else nn.LSTM(i, h, variant=variant)


def gradients(net: Any, package: str, x: Any, g: Any, lengths: Any) -> list[Any]:
    import torch

    if lengths is None:
        output = net(x)[0]
    elif package == "torch":
        from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

        output, _ = pad_packed_sequence(net(pack_padded_sequence(x, lengths, enforce_sorted=False))[0])
    else:
        output = net(x, lengths=lengths)[0]
    return list(torch.autograd.grad(output, (x, *net.parameters()), g))


def contender(package: str, variant: str) -> Contender:
    def run(problem: Any, tol: float) -> list[Any]:
        x, g, lengths = problem.batch
        return gradients(layer(package, variant, x.shape[2], g.shape[2]), package, x, g, lengths)

    return Contender("torch.nn.LSTM" if package == "torch" else "panlearn", package, run)


def case(variant: str, ragged: bool) -> Case:
    def problem(t: int, h: int) -> Problem:
        return batch(ragged, t, h)

    def quality(problem: Any, found: list[Any]) -> Quality:
        x, g, lengths = problem.batch
        plain = layer("torch", "standard", x.shape[2], g.shape[2])
        own = layer("panlearn", variant, x.shape[2], g.shape[2])
        errors = []
        for package, net in (("torch", plain), ("panlearn", own)):  # whichever of the two it came from
            if [f.shape for f in found[1:]] == [p.shape for p in net.parameters()]:
                exact = gradients(
                    copy.deepcopy(net).double(), package, x.detach().double().requires_grad_(), g, lengths
                )
                errors.append(max(((a - b).abs().max() / b.abs().max()).item() for a, b in zip(found, exact)))
        return Quality(min(errors), 0.0)

    title = f"nn.LSTM: {variant}, forward and backward" + (", ragged" if ragged else "")
    own, peer = contender("panlearn", variant), contender("torch", "standard")
    return Case(title, SIZES, problem, own, (peer,), quality, 1e-4, "largest relative error of a gradient")


CASES = (
    case("standard", False),
    case("peephole", False),
    case("coupled", False),
    case("layer_norm", False),
    case("standard", True),
    case("peephole", True),
)
