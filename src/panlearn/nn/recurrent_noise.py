"""Noise in recurrence: dropout with one mask a sequence, and zoneout.

    recurrent dropout    h_t = cell(x_t, m ∘ h_{t-1}),                 m = 0 with probability p, else 1 / (1 - p)
    zoneout              h_t = z_t ∘ h_{t-1} + (1 - z_t) ∘ ĥ_t,        z_t = 1 with probability p, else 0

A fresh dropout mask at each step would wipe out what a unit remembers within a few of them; the same mask at all steps
leaves the other units their memory, and is the noise that a variational posterior on the recurrent weights makes
[gal2016]. It is applied to h_{t-1} as it enters the recurrent product and nowhere else.

Zoneout drops no state but the change of it: a unit keeps what it held [krueger2017]. Information and gradients pass
unhindered through units that stand still. An LSTM has a probability for h and one for c; ĥ_t = o ∘ tanh(ĉ_t) reads the
cell before it is held. Outside training z_t is its mean p; dropout does nothing.

Numbers are drawn here and nowhere else, from torch's generator of the device: first m, then z of h, then z of c.

Course notes: 004 §4 (dropout), 003 §2.
"""

from numbers import Real
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import dropout

from panlearn.nn.steps import Steps


class NoiseSettings(NamedTuple):
    """How much noise; zeros are none."""

    dropout: float = 0.0  # share of h_{t-1} left out of the recurrent product
    hidden: float = 0.0  # probability that a unit of h keeps its value
    cell: float = 0.0  # likewise of c


class Noise(NamedTuple):
    """Masks for one layer and direction, in the order of `Steps`; None where there is nothing to do."""

    drop: Tensor | None = None  # (B, H_h) factor of h_{t-1} in the recurrent product
    hold_hidden: Tensor | None = None  # (R, H_h) share of the old h in the new one: 0 or 1, outside training p
    hold_cell: Tensor | None = None  # (R, H_c) likewise of c


def noise_settings(recurrent_dropout: Any = 0.0, zoneout: Any = 0.0, n_states: int = 1) -> NoiseSettings:
    """Check what a layer's constructor was given.

    Parameters
    ----------
    recurrent_dropout : float
        Share of h_{t-1} to leave out, from 0 to 1.
    zoneout : float or (float, float)
        Probability that a unit keeps its value, from 0 to 1; a pair (hidden, cell) where there are two kinds of state.
    n_states : int
        Kinds of state: 1 (h) or 2 (h and c).

    Returns
    -------
    NoiseSettings
        The three numbers.

    Raises
    ------
    ValueError
        If one of them is not a number from 0 to 1, or a pair is given to a layer with one kind of state.

    Examples
    --------
    >>> noise_settings(0.25, (0.05, 0.5), n_states=2)
    NoiseSettings(dropout=0.25, hidden=0.05, cell=0.5)
    """
    pair = isinstance(zoneout, (tuple, list))
    if pair and (n_states != 2 or len(zoneout) != 2):
        form = "a number" if n_states == 1 else "a number, or a pair (hidden, cell)"
        raise ValueError(f"zoneout must be {form}, got {zoneout!r}.")
    held = tuple(zoneout) if pair else (zoneout, zoneout if n_states == 2 else 0.0)
    for name, value in [("recurrent_dropout", recurrent_dropout), *(("zoneout", value) for value in held)]:
        if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= float(value) <= 1:
            raise ValueError(f"{name} must be a number from 0 to 1, got {value!r}.")
    return NoiseSettings(float(recurrent_dropout), float(held[0]), float(held[1]))


def draw_noise(
    settings: NoiseSettings, steps: Steps, like: Tensor, sizes: tuple[int, ...], training: bool = True
) -> Noise:
    """Masks for one pass of one layer in one direction.

    Parameters
    ----------
    settings : NoiseSettings
        How much noise.
    steps : Steps
        How the rows lie.
    like : Tensor
        Where the masks shall be, and of which type (at least float32).
    sizes : tuple of int
        Width of h, and of c where there is one.
    training : bool
        Whether to draw; otherwise what is held is its mean, and nothing is dropped.

    Returns
    -------
    Noise
        All None if there is nothing to do.

    Examples
    --------
    One mask a sequence, in which all that is left is doubled:

    >>> from panlearn.nn.steps import steps_of
    >>> _ = torch.manual_seed(0)
    >>> draw_noise(NoiseSettings(dropout=0.5), steps_of(None, 7, 2), torch.empty(0), (4,)).drop
    tensor([[0., 0., 2., 0.],
            [0., 0., 2., 2.]])
    """
    like = like.detach().new_empty(0, dtype=torch.promote_types(like.dtype, torch.float32))
    drop = None
    if training and settings.dropout:
        drop = dropout(like.new_ones(steps.n_sequences, sizes[0]), settings.dropout)
    held = [
        _hold(p, like.new_empty(steps.n_rows, size), training) if p else None
        for p, size in zip((settings.hidden, settings.cell), sizes)
    ]
    return Noise(drop, *held)


def hold(old: Tensor, new: Tensor, share: Tensor | None) -> Tensor:
    """What is left of a change when a share of it is held back: share ∘ old + (1 - share) ∘ new."""
    return new if share is None else new + share * (old - new)


def _hold(p: float, empty: Tensor, training: bool) -> Tensor:
    return empty.bernoulli_(p) if training else empty.fill_(p)
