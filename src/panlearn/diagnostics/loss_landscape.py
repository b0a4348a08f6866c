"""Slices of a loss: how it looks along one direction from the parameters of a network, or over a plane of two.

    f(a, b) = L(theta + a d_1 + b d_2)

Random directions mean little by themselves, because a network may be rescaled layer by layer without any change to
what it computes. So each filter (the weights into one neuron) of a random direction gets the length of that filter in
theta, and biases and the gains of normalising layers stay as they are [li2018]: then 1 on an axis is a change as large
as the weights, in every layer, and pictures of two networks can be compared.

`directions="curvature"` takes the eigenvectors of the Hessian's smallest and largest eigenvalue instead: a saddle shows
as one. Vectors of your own, such as the way to another network, are taken as they are.

Cost: one pass over the rows for each point, `points`^2 of a plane.

Course notes: 001 §7.3.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from panlearn.core.errors import DataError
from panlearn.core.progress import progress
from panlearn.diagnostics.critical_point import loss_after
from panlearn.diagnostics.empirical_loss import EmpiricalLoss, Loss, empirical_loss, flat
from panlearn.diagnostics.hessian_spectrum import hessian_spectrum


class LossLandscape(NamedTuple):
    """Losses along a line or over a plane."""

    across: np.ndarray  # (m,) steps along the first direction
    up: np.ndarray  # (k,) steps along the second; empty for a line
    losses: np.ndarray  # (m,) or (k, m)
    directions: np.ndarray  # (1, p) or (2, p)
    centre: float  # loss at the parameters


def loss_landscape(
    model: Any,
    X: Any,
    y: Any,
    loss: Loss = None,
    *,
    directions: str | Sequence[Any] = "random",
    dimensions: int = 2,
    extent: float = 1.0,
    points: int = 21,
    sample_weight: Any = None,
    batch_size: int = 4096,
    random_state: int = 0,
    verbose: int = 0,
) -> LossLandscape:
    """Evaluate the loss on a line or a plane through the parameters of a network.

    Parameters
    ----------
    model : Module or fitted neural estimator
        The network, set to evaluation meanwhile; it is not changed.
    X : array, tensor, or tuple of them
        Rows, as the network takes them.
    y : array of shape (n,) or (n, k)
        Targets.
    loss : str, callable, or None
        A name, a function of outputs and targets, or None: the estimator's own, or the one y suggests.
    directions : {"random", "curvature"} or sequence of arrays of shape (p,)
        Normalised by filter; eigenvectors of the Hessian's ends; or one or two vectors as they are.
    dimensions : {1, 2}
        A line or a plane.
    extent : float
        Steps go from minus this to this.
    points : int
        Of each axis; odd, so that the parameters themselves are one of them.
    sample_weight : array of shape (n,), optional
        Weights of the rows.
    batch_size : int
        Rows of a block.
    random_state : int
        Seed of the directions.
    verbose : int
        1 shows a bar.

    Returns
    -------
    LossLandscape
        Steps and losses, for `panlearn.plot.plot_loss_landscape`.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    References
    ----------
    [li2018], note 001 §7.3

    Examples
    --------
    The loss of a linear model is a parabola along every line:

    >>> import torch
    >>> net = torch.nn.Linear(1, 1, bias=False)
    >>> torch.nn.utils.vector_to_parameters(torch.ones(1), net.parameters())
    >>> loss_landscape(net, [[2.0]], [2.0], directions=[[1.0]], points=5).losses
    array([2. , 0.5, 0. , 0.5, 2. ])
    """
    if dimensions not in (1, 2):
        raise DataError(f"dimensions must be 1 (a line) or 2 (a plane), got {dimensions!r}.")
    if points < 3 or not points % 2 or not extent > 0:
        raise DataError(f"points must be odd and at least 3, extent above 0, got {points} and {extent}.")
    risk = empirical_loss(model, X, y, loss, sample_weight=sample_weight, batch_size=batch_size)
    if isinstance(directions, str) and directions == "curvature":
        found = hessian_spectrum(model, X, y, loss, sample_weight=sample_weight, batch_size=batch_size)
        vectors = np.stack([found.lowest, found.highest][:dimensions])
    else:
        vectors = _directions(risk, directions, dimensions, random_state)
    axis = extent * np.linspace(-1, 1, points)
    rows = axis if len(vectors) == 2 else np.zeros(1)
    losses = np.empty((len(rows), points))
    for i in progress(len(rows), "loss landscape", enabled=verbose):
        for j, step in enumerate(axis):
            move = step * vectors[0] + (rows[i] * vectors[1] if len(vectors) == 2 else 0)
            losses[i, j] = loss_after(risk, move)
    plane = len(vectors) == 2
    return LossLandscape(axis, rows if plane else np.empty(0), losses if plane else losses[0], vectors, risk.value())


def _directions(risk: EmpiricalLoss, directions: Any, dimensions: int, seed: int) -> np.ndarray:
    """One or two vectors, (d, p)."""
    parameters = list(risk.parameters.values())
    p = sum(t.numel() for t in parameters)
    if isinstance(directions, str):
        if directions != "random":
            raise DataError(f'directions must be "random", "curvature" or vectors, got {directions!r}.')
        random = torch.Generator().manual_seed(seed)
        drawn = [filter_normalized(parameters, random) for _ in range(dimensions)]
        return torch.stack(drawn).double().cpu().numpy()
    vectors = np.array([np.asarray(v, dtype=float) for v in directions])
    if vectors.ndim != 2 or vectors.shape[1] != p or len(vectors) not in (1, 2):
        raise DataError(f"directions must be one or two vectors of {p} numbers, got shape {vectors.shape}.")
    return vectors


def filter_normalized(parameters: Sequence[Tensor], random: torch.Generator) -> Tensor:
    """Random direction whose filters are as long as those of the parameters, (p,) [li2018]."""
    parts = []
    for parameter in parameters:
        if parameter.ndim < 2:  # a bias, or a gain
            parts.append(torch.zeros_like(parameter))
            continue
        drawn = torch.randn(parameter.shape, generator=random).to(parameter)
        filters = parameter.detach().flatten(1)
        parts.append(drawn.flatten(1) / drawn.flatten(1).norm(dim=1, keepdim=True) * filters.norm(dim=1, keepdim=True))
    return flat(parts).detach()
