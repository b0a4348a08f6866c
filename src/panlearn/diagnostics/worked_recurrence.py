"""Recurrent networks of one unit, small enough for a pencil.

With one unit every matrix is a number, and the formulas of the notes can be followed step by step:

    c_t = f c_{t-1} + i g,   h_t = o tanh(c_t)                    one step of an LSTM (note 003 §2.2)
    h_t = tanh(x_t + u h_{t-1}),   dL/du of L = sum_t h_t² / 2     a plain network (note 003 §2.1.3)
    h_t = w h_{t-1} + 1,   dh_T/dh_{T-k} = w^k                     a linear one (note 001 §8.4)

Each is computed by the layers of `panlearn.nn` as they are, so that what the pencil finds is a test of them. The tour
prints both (`panlearn tour`).
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import torch

from panlearn.diagnostics.gradient_through_time import gradient_through_time
from panlearn.neural_network.training.clipping import GradientClipping, clip
from panlearn.nn.lstm import LSTM
from panlearn.nn.ordered_cell import cumax
from panlearn.nn.rnn import RNN


def lstm_step(
    scores: Mapping[str, float], *, cell: float, variant: str = "standard", peephole: Sequence[float] = ()
) -> tuple[float, float]:
    """Cell and state after one step of an LSTM with one unit, h_{t-1} = 0 and no input.

    Parameters
    ----------
    scores : mapping of str to float
        What enters each gate, in the order of the variant's rows: i, f, g, o, or f, g, o if it is coupled.
    cell : float
        c_{t-1}.
    variant : str
        As of `panlearn.nn.LSTM`.
    peephole : sequence of float
        How the gates i, f and o look at the cell, for variant="peephole".

    Returns
    -------
    cell, state : float
        c_t and h_t.

    Examples
    --------
    >>> c, h = lstm_step({"i": 50.0, "f": -50.0, "g": 50.0, "o": 50.0}, cell=7.0)  # forget, and write tanh(50) = 1
    >>> round(c, 6), round(h, 6)
    (1.0, 0.761594)
    """
    network = LSTM(1, 1, variant=variant, dtype=torch.float64)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
        network.get_parameter("bias_ih_l0").copy_(_numbers(scores.values()))
        if peephole:
            network.get_parameter("peephole_l0").copy_(_numbers(peephole)[:, None])
        zero = torch.zeros(1, 1, 1, dtype=torch.float64)
        _, (h, c) = network(zero, (zero, zero + cell))
    return float(c), float(h)


def scalar_network(u: float, x: Sequence[float]) -> tuple[np.ndarray, float]:
    """States of h_t = tanh(x_t + u h_{t-1}), and dL/du of L = Σ h_t² / 2 by the layer's own backward pass.

    Parameters
    ----------
    u : float
        The recurrent weight.
    x : sequence of float
        One number a step.

    Returns
    -------
    states : ndarray of shape (t,)
    slope : float

    Examples
    --------
    >>> states, slope = scalar_network(0.0, [1.0, 0.0])  # h_2 = tanh(u h_1) = 0 at u = 0, and so is dL/du = h_2 h_1
    >>> states.round(4).tolist(), slope
    ([0.7616, 0.0], 0.0)
    """
    network = _one_unit(u, "tanh")
    output, _ = network(_numbers(x)[:, None, None])
    (slope,) = torch.autograd.grad(output.square().sum() / 2, network.get_parameter("weight_hh_l0"))
    return output.detach().flatten().numpy(), float(slope)


def linear_gradient(w: float, steps: int) -> float:
    """dh_T/dh_{T-k} of h_t = w h_{t-1} + 1 over k steps, as `gradient_through_time` measures it.

    Parameters
    ----------
    w : float
        The recurrent weight, at least 0: the layer is one of ReLUs that stay open.
    steps : int
        k.

    Returns
    -------
    float

    Examples
    --------
    >>> round(linear_gradient(0.5, 4), 12)
    0.0625
    """
    ones = torch.ones(steps + 1, 1, 1, dtype=torch.float64)
    return float(gradient_through_time(_one_unit(w, "relu"), ones).states[0].back[-1])


def soft_steps(scores: Sequence[float] | np.ndarray) -> np.ndarray:
    """Rise of a master gate of ordered neurons over the cells: cumulative sums of the softmax.

    Parameters
    ----------
    scores : array_like of shape (m,)

    Returns
    -------
    ndarray of shape (m,)

    Examples
    --------
    >>> soft_steps([0.0, 0.0, 0.0, 0.0]).tolist()
    [0.25, 0.5, 0.75, 1.0]
    """
    return cumax(_numbers(scores)).numpy()


def clipped_to(norm: float, gradient: Sequence[float]) -> tuple[float, np.ndarray]:
    """Length of a gradient, and the gradient with its length bounded.

    Parameters
    ----------
    norm : float
        The bound.
    gradient : sequence of float

    Returns
    -------
    length : float
        Before.
    clipped : ndarray of shape (p,)

    Examples
    --------
    >>> length, short = clipped_to(1.0, [0.0, 2.0])
    >>> length, short.tolist()
    (2.0, [0.0, 1.0])
    """
    bounded = _numbers(gradient)
    return clip([bounded], GradientClipping(norm=norm)), bounded.numpy()


def _one_unit(w: float, nonlinearity: str) -> RNN:
    """h_t = f(x_t + w h_{t-1})."""
    network = RNN(1, 1, nonlinearity=nonlinearity, bias=False, dtype=torch.float64)
    with torch.no_grad():
        network.get_parameter("weight_ih_l0").fill_(1.0)
        network.get_parameter("weight_hh_l0").fill_(w)
    return network


def _numbers(values: Iterable[float]) -> torch.Tensor:
    return torch.tensor([*values], dtype=torch.float64)
