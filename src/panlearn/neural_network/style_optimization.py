"""Minimise a function of pixels between 0 and 1.

    L-BFGS      on angles u, x = (1 - cos u) / 2, which no step can take out of the range [byrd1995]
    Adam        a step of each pixel by its own rate, then back into [0, 1] [kingma2015]

dx/du is 0 at both ends of the range, where a pixel would stay for ever: L-BFGS starts all pixels at least 1 % inside.
Bounds held by projection (L-BFGS-B's own) were tried: with thousands of pixels at a bound each step stops at the next
one, and 100 steps came to 4.6 where angles came to 2.7 and Adam to 2.8.

The certificate is the largest slope |df/dx_i| among pixels that could still follow it.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor

from panlearn.core.errors import DataError

Loss = Callable[[Tensor], Tensor]
INSIDE = 0.01  # of the range, between its ends and the first pixels of L-BFGS


class Painted(NamedTuple):
    """Pixels found."""

    pixels: Tensor  # in [0, 1]
    curve: list[float]  # loss after each step
    slope: float  # largest free slope at the last gradient taken


def by_lbfgs(loss: Loss, start: Tensor, max_iter: int, steps: Iterator[Any]) -> Painted:
    """Minimise by L-BFGS on angles."""
    values: list[float] = []
    curve: list[float] = []

    def angles(u: np.ndarray) -> Tensor:
        return torch.from_numpy(u).to(start).view_as(start)

    def value_and_slope(u: np.ndarray) -> tuple[float, np.ndarray]:
        angle = angles(u)
        value, slope = _slope(loss, (1 - torch.cos(angle)) / 2)
        values[:] = [value]
        return value, (slope * torch.sin(angle) / 2).double().cpu().numpy().ravel()

    def record(u: np.ndarray) -> None:
        curve.append(values[0])
        next(steps, None)

    found = minimize(
        value_and_slope,
        torch.acos(1 - 2 * start.detach().double().clamp(INSIDE, 1 - INSIDE)).cpu().numpy().ravel(),
        jac=True,
        method="L-BFGS-B",
        callback=record,
        options={"maxiter": max_iter, "maxfun": 2 * max_iter + 10, "ftol": 0.0, "gtol": 0.0},
    )
    pixels = (1 - torch.cos(angles(found.x))) / 2
    return Painted(pixels, curve or [float(found.fun)], free_slope(pixels, _slope(loss, pixels)[1]))


def by_adam(loss: Loss, start: Tensor, max_iter: int, steps: Iterator[Any], *, learning_rate: float) -> Painted:
    """Minimise by Adam, clipped to the range after each step."""
    pixels = start.detach().clone().requires_grad_()
    method = torch.optim.Adam([pixels], lr=learning_rate, fused=pixels.device.type in ("cpu", "cuda"))
    curve, slope = [], torch.zeros_like(pixels)
    for _ in range(max_iter):
        value, slope = _slope(loss, pixels)
        curve.append(value)
        pixels.grad = slope
        method.step()
        with torch.no_grad():
            pixels.clamp_(0, 1)
        next(steps, None)
    return Painted(pixels.detach(), curve, free_slope(pixels, slope))


def free_slope(pixels: Tensor, slope: Tensor) -> float:
    """Largest slope among pixels that are not held at the end of their range."""
    pixels, slope = pixels.detach().cpu(), slope.cpu()
    held = ((pixels <= 0) & (slope > 0)) | ((pixels >= 1) & (slope < 0))
    return float(slope.masked_fill(held, 0).abs().max())


def _slope(loss: Loss, pixels: Tensor) -> tuple[float, Tensor]:
    """Value and gradient of the loss."""
    pixels = pixels.detach().requires_grad_()
    value = loss(pixels)
    (slope,) = torch.autograd.grad(value, pixels)
    number = value.item()
    if not math.isfinite(number):
        raise DataError(
            "the network's answers to the image are not finite: check that it is trained, and that pixel_range, mean "
            "and spread are those it was trained with."
        )
    return number, slope
