"""Is this a minimum, a maximum, or a saddle? What the first two derivatives of a network's loss say about a place.

    L(theta + d) = L + g.d + d'Hd / 2 + ...

Where g is 0 the signs of the eigenvalues of H decide (note 001 §7.3): all positive, a minimum; all negative, a maximum;
both, a saddle. In many dimensions saddles rule: the more negative eigenvalues (the index), the higher the loss, and
gradient descent crawls there because g is small, not because the place is good [dauphin2014].

    slope        g is not small: no critical point, though H is still told
    plateau      neither g nor H is: the loss hardly changes within a step of length 1
    minimum      no negative eigenvalue; `n_flat` says along how many directions the loss does not bend
    maximum      no positive one
    saddle       both; the direction v of the most negative eigenvalue leads down: by about |lambda| t^2 / 2

Escape step: along v, and of its two ways the one not uphill, at the length t that lowers the loss most among doublings
and halvings of 1. On a slope without a negative eigenvalue it is a gradient step.

When it fails: a second-order test cannot tell a minimum with flat directions from a saddle that bends down only in its
fourth derivative; and through Lanczos an eigenvalue of tiny weight may go unseen.
"""

from typing import Any, NamedTuple

import numpy as np
import torch

from panlearn.core.errors import DataError
from panlearn.diagnostics.empirical_loss import EmpiricalLoss, Loss, empirical_loss, evaluating, unflat
from panlearn.diagnostics.hessian_spectrum import HessianSpectrum, hessian_spectrum

LENGTHS = 2.0 ** np.arange(4, -17, -1)  # of escape steps


class CriticalPoint(NamedTuple):
    """What the derivatives say about a place."""

    verdict: str  # "minimum", "maximum", "saddle", "plateau", or "slope": no critical point
    loss: float
    gradient_norm: float
    eigenvalues: np.ndarray  # ascending: all, or the outermost (see `exact`)
    n_negative: int  # number of negative eigenvalues, the index of the point; an estimate unless exact
    n_flat: int  # number of eigenvalues that are 0 within the tolerance; an estimate unless exact
    curvature: float  # the smallest eigenvalue
    direction: np.ndarray  # (p,) its unit vector, the way that is not uphill
    step: np.ndarray  # (p,) escape step: add it with `take_step`; zeros if none lowers the loss
    escape_loss: float  # loss after it
    exact: bool  # whether all eigenvalues were computed

    @property
    def negative_share(self) -> float:
        """Index as a share of the parameters: the alpha of [dauphin2014]."""
        return self.n_negative / len(self.direction)


def critical_point(
    model: Any,
    X: Any,
    y: Any,
    loss: Loss = None,
    *,
    tol: float = 1e-3,
    flat: float | None = None,
    **spectrum: Any,
) -> CriticalPoint:
    """Say whether a network is at a minimum, a maximum, a saddle, on a plateau or on a slope, and how to get away.

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
    tol : float
        Gradient norm, and curvature, that count as small: the change of the loss within a step of length 1.
    flat : float, optional
        Share of the largest absolute eigenvalue within which one counts as 0. Default: the square root of the
        precision, 3e-4 in float32.
    **spectrum : dict
        `method`, `steps`, `sample_weight`, ... of `hessian_spectrum`.

    Returns
    -------
    CriticalPoint
        Verdict, eigenvalues, and an escape step.

    Raises
    ------
    ValueError
        If `tol` or `flat` is negative.

    References
    ----------
    [dauphin2014], note 001 §7.3

    Examples
    --------
    Weights 0 are a saddle of a network with two linear layers; a step along the bend leads down:

    >>> import torch
    >>> net = torch.nn.Sequential(torch.nn.Linear(1, 1, bias=False), torch.nn.Linear(1, 1, bias=False))
    >>> torch.nn.utils.vector_to_parameters(torch.zeros(2), net.parameters())
    >>> found = critical_point(net, [[1.0], [2.0]], [1.0, 2.0])
    >>> found.verdict, found.eigenvalues.round(2), found.escape_loss < found.loss
    ('saddle', array([-2.5,  2.5]), True)
    """
    if tol < 0 or (flat is not None and flat < 0):
        raise DataError(f"tol and flat must be at least 0, got {tol} and {flat}.")
    found = hessian_spectrum(model, X, y, loss, **spectrum)
    data = {name: spectrum[name] for name in ("sample_weight", "batch_size") if name in spectrum}
    risk = empirical_loss(model, X, y, loss, **data)
    if flat is None:
        flat = float(np.sqrt(torch.finfo(next(iter(risk.parameters.values())).dtype).eps))
    level = flat * np.abs(found.eigenvalues).max()
    p = found.n_parameters
    verdict = _verdict(found, tol, level)
    slope = found.lowest @ found.gradient
    direction = -found.lowest if slope > 0 else found.lowest
    step, escape_loss = _escape(risk, found, direction, level)
    return CriticalPoint(
        verdict,
        found.loss,
        found.gradient_norm,
        found.eigenvalues,
        max(round(found.share_below(-level) * p), int((found.eigenvalues < -level).sum())),
        round((1 - found.share_below(-level) - _share_above(found, level)) * p),
        float(found.eigenvalues[0]),
        direction,
        step,
        escape_loss,
        found.exact,
    )


def _share_above(found: HessianSpectrum, level: float) -> float:
    """Share of the eigenvalues above a level."""
    return float(found.weights[found.nodes > level].sum())


def _verdict(found: HessianSpectrum, tol: float, level: float) -> str:
    """Kind of the place, by note 001 §7.3."""
    low, high = found.eigenvalues[0], found.eigenvalues[-1]
    if found.gradient_norm > tol:
        return "slope"
    if max(abs(low), abs(high)) <= tol:
        return "plateau"
    if low < -level:
        return "saddle" if high > level else "maximum"
    return "minimum"


def _escape(
    risk: EmpiricalLoss, found: HessianSpectrum, direction: np.ndarray, level: float
) -> tuple[np.ndarray, float]:
    """Step that lowers the loss most along the direction of most negative curvature, or else of the gradient."""
    ways = [direction, -direction] if found.eigenvalues[0] < -level else []
    if found.gradient_norm > 0:
        ways.append(-found.gradient / found.gradient_norm)
    best, best_loss = np.zeros_like(direction), found.loss
    for way in ways:
        for length in LENGTHS:
            value = loss_after(risk, length * way)
            if value < best_loss:
                best, best_loss = length * way, value
        if best_loss < found.loss:
            break
    return best, best_loss


def loss_after(risk: EmpiricalLoss, step: np.ndarray) -> float:
    """Loss at the parameters plus a step; the network itself stays where it is."""
    parameters = risk.parameters
    parts = unflat(torch.as_tensor(step).to(next(iter(parameters.values()))), list(parameters.values()))
    moved = {name: p.detach() + part for (name, p), part in zip(parameters.items(), parts)}
    with evaluating(risk.module), torch.no_grad():
        return sum(
            block.share
            * float(risk.loss(torch.func.functional_call(risk.module, moved, block.inputs), block.target, block.weight))
            for block in risk.blocks()
        )
