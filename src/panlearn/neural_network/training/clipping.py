"""Bounds on gradients: no step longer than one chooses.

    by norm    g <- g min(1, c / |g|)             keeps the direction [pascanu2013]
    by value   g_i <- min(max(g_i, -c), c)        does not

Recurrent networks have cliffs: a gradient taken at one is thousands of times longer than its neighbours, and a single
step along it throws the parameters away (note 001 §8.4). The norm is that of all the parameters together.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from panlearn.core.errors import DataError


class GradientClipping(NamedTuple):
    """Bounds on the gradient before each step; the bound by value comes first if there are both.

    Attributes
    ----------
    norm : float, optional
        Largest Euclidean norm of the gradient of all parameters.
    value : float, optional
        Largest absolute value of a component.

    References
    ----------
    [pascanu2013], note 001 §8.4

    Examples
    --------
    >>> import torch
    >>> gradient = torch.tensor([3.0, 4.0])
    >>> clip([gradient], GradientClipping(norm=1.0))  # the norm it had
    5.0
    >>> gradient  # the direction it had
    tensor([0.6000, 0.8000])
    """

    norm: float | None = None
    value: float | None = None


def check_clipping(clipping: GradientClipping | None) -> None:
    """Refuse bounds that are not positive, and what is no bound.

    Raises
    ------
    DataError
        Naming the bound.
    """
    if clipping is None:
        return
    if not isinstance(clipping, GradientClipping):
        raise DataError(
            f"clipping must be None or a GradientClipping, as GradientClipping(norm=1.0). Got {clipping!r}."
        )
    for name, bound in clipping._asdict().items():
        if bound is not None and not bound > 0:
            raise DataError(
                f"{name} of GradientClipping must be a float in the range (0.0, inf]. Got {bound!r} instead."
            )


def clip(gradients: Sequence[Tensor], clipping: GradientClipping) -> float:
    """Bound gradients in place.

    Parameters
    ----------
    gradients : sequence of Tensor
        Flat gradients.
    clipping : GradientClipping
        The bounds.

    Returns
    -------
    float
        The norm before it was bounded; NaN if it was not asked for.
    """
    if clipping.value is not None:
        for gradient in gradients:
            gradient.clamp_(-clipping.value, clipping.value)
    if clipping.norm is None:
        return math.nan
    norm = math.hypot(*(float(torch.linalg.vector_norm(gradient)) for gradient in gradients))
    if norm > clipping.norm:
        for gradient in gradients:
            gradient.mul_(clipping.norm / norm)
    return norm
