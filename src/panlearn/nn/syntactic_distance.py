"""What an ordered LSTM erases at each step: the larger, the wider the gap between two words [shen2019].

    d_t = Σ_m (1 - f̃_tm),     f̃_t = cumax(W_f̃ x_t + U_f̃ h_{t-1} + b_f̃)

is the expected number of master gates before the step of f̃: how far up the hierarchy memory is cleared before step t is
read. Split a sentence before its largest d_t, and both parts likewise, and a tree appears that nobody has taught.

f̃_t needs h_{t-1} alone, which the layer has given: nothing of the time loop is done again. Course notes: 003 §2.2.5.1.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import linear

from panlearn.nn.lstm import LSTM
from panlearn.nn.ordered_cell import cumax
from panlearn.nn.steps import Steps, pack, steps_of, unpack


def syntactic_distance(lstm: LSTM, input: Tensor, lengths: Any = None) -> Tensor:
    """Distance d_t of all steps, for each layer and direction.

    Parameters
    ----------
    lstm : LSTM
        Of the ordered variant. First states are zero.
    input : Tensor of shape (T, B, I), or (B, T, I) if the layer is `batch_first`
        Sequences.
    lengths : Tensor of shape (B,), optional
        Steps of each sequence; all T by default.

    Returns
    -------
    Tensor of shape (num_layers * directions, T, B), or (num_layers * directions, B, T)
        From 0 (nothing is erased) to the number of master gates; 0 behind the end of a short sequence. Differentiable.

    Raises
    ------
    ValueError
        If the layer is not ordered, or the input does not fit it.

    Examples
    --------
    >>> _ = torch.manual_seed(0)
    >>> lstm = LSTM(3, 8, variant="ordered", chunk_size=2)
    >>> d = syntactic_distance(lstm, torch.randn(5, 1, 3))
    >>> d.shape, bool((d > 0).all() and (d < 4).all())
    (torch.Size([1, 5, 1]), True)
    """
    if "ordered" not in lstm._parts:
        raise ValueError(f'syntactic distances are those of variant="ordered", got variant={lstm.variant!r}.')
    if input.ndim != 3 or input.shape[-1] != lstm.input_size:
        raise ValueError(f"input must have three axes, the last of {lstm.input_size}, got shape {tuple(input.shape)}.")
    B, T = input.shape[:2] if lstm.batch_first else input.shape[1::-1]
    steps, found = steps_of(lengths, T, B), []
    rows = pack(input, steps, lstm.batch_first)
    state = tuple(rows.new_zeros(B, lstm.hidden_size) for _ in range(2))
    for layer in range(lstm.num_layers):
        outputs = [lstm._scan(rows, steps, layer, way, state)[0] for way in (False, True)[: 1 + lstm.bidirectional]]
        for reverse, output in enumerate(outputs):
            weights = lstm._weights(layer, bool(reverse))
            distance = _distance(rows, _before(output, steps, bool(reverse)), weights, lstm.hidden_size)
            found.append(unpack(distance[:, None], steps, T, lstm.batch_first)[..., 0])
        rows = torch.cat(outputs, 1)
    return torch.stack(found)


def _distance(rows: Tensor, before: Tensor, weights: dict[str, Tensor], H: int) -> Tensor:
    """Distances of all rows (R,), from the input (R, I) and the old state (R, H)."""
    M = (len(weights["weight_hh"]) - 4 * H) // 2
    own = {name: weight[4 * H : 4 * H + M] for name, weight in weights.items()}
    scores = linear(rows, own["weight_ih"], own.get("bias_ih")) + linear(before, own["weight_hh"], own.get("bias_hh"))
    return (1 - cumax(scores)).sum(-1)


def _before(output: Tensor, steps: Steps, reverse: bool) -> Tensor:
    """The state before each row, (R, H): the one after the step before it on the way, or zero."""
    place = torch.arange(steps.n_rows) - torch.repeat_interleave(steps.starts[:-1], steps.sizes)
    step = torch.repeat_interleave(torch.arange(len(steps.sizes)), steps.sizes)
    step = step + 1 if reverse else step - 1
    inside = (step >= 0) & (step < len(steps.sizes))
    step = step.clamp(0, len(steps.sizes) - 1)
    inside &= place < steps.sizes[step]
    source = torch.where(inside, steps.starts[step] + place, 0).to(output.device)
    return output[source] * inside.to(output)[:, None]
