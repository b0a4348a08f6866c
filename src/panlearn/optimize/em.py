"""Expectation-maximisation: maximum likelihood when part of the data was not seen.

The log-likelihood L(θ) = log p(x | θ) = log Σ_z p(x, z | θ) sums over what was not seen, z, inside the logarithm. For
any distribution q over z Jensen's inequality bounds it from below,

    L(θ)  ≥  F(q, θ) = Σ_z q(z) log p(x, z | θ) − Σ_z q(z) log q(z),   with equality at q(z) = p(z | x, θ).

The E step makes the bound touch: q ← p(z | x, θ). The M step raises it: θ ← argmax F(q, θ). So L never falls
[dempster1977], and `em` checks that at every iteration: a fall is a fault of the model's formulas or of its arithmetic,
and EM then stops at the parameters before it.

A regularised M step maximises F − ½ R(q, θ) instead. From F(q, θ') − ½ R(q, θ') ≥ F(q, θ) − ½ R(q, θ) follows

    L(θ')  ≥  L(θ) − ½ [R(q, θ) − R(q, θ')],

so L may fall, but by no more than the last term, which a model supplies as `allowance`: the check stays exact.

A model supplies `step`: E and M in one pass over the rows, which returns L at the parameters it got and the parameters
of the M step. Mixtures, hidden Markov models and the semi-supervised generative model use this one loop.

EM converges linearly, at a rate that is the share of information not seen: slowly where components overlap. SQUAREM
[varadhan2008] jumps along three iterates, θ0, θ1 = EM(θ0), θ2 = EM(θ1):

    r = θ1 − θ0,   v = θ2 − θ1 − r,   a = |r| / |v|,   θ' = θ0 + 2a r + a² v,   then EM(θ'),

in coordinates where any vector is valid (log weights, logs of the diagonal of a Cholesky factor). A jump that lowers L
is undone: the likelihood stays monotone. EM finds a local maximum: start it several times (`best_em`).

Course notes: 004 §10, 001 §9.1.
"""

from collections.abc import Callable, Iterable
from typing import Generic, NamedTuple, TypeVar

import numpy as np

from panlearn.core.errors import DataError
from panlearn.core.progress import progress

P = TypeVar("P")
ROUNDING = 1e-10  # share of the likelihood's size that sums over rows may be off by


class EMFit(NamedTuple, Generic[P]):
    """Where EM stopped, and the certificate of the way there."""

    parameters: P  # of the last M step; of the best iterate if the likelihood fell
    log_likelihood: float  # at the parameters before their last M step, as `step` measures it
    trace: np.ndarray  # log-likelihood at each iterate; it never falls but for what `allowance` permits
    converged: bool  # the last EM step gained less than tol
    n_iter: int  # calls of `step`
    fall: float  # 0, or by how much more than permitted the likelihood fell before EM stopped


class Packing(NamedTuple, Generic[P]):
    """Coordinates for acceleration: parameters to a vector that may take any value, and back."""

    pack: Callable[[P], np.ndarray]
    unpack: Callable[[np.ndarray], P]


def em(
    step: Callable[[P], tuple[float, P]],
    parameters: P,
    *,
    tol: float = 1e-3,
    max_iter: int = 100,
    allowance: Callable[[P, P], float] | None = None,
    packing: Packing[P] | None = None,
    before: float = -np.inf,
    verbose: int = 0,
    title: str = "EM",
) -> EMFit[P]:
    """Raise the likelihood by EM steps until one gains less than `tol`.

    Parameters
    ----------
    step : callable
        `step(parameters)` returns the log-likelihood at these parameters and those of the M step.
    parameters : object
        Where to start.
    tol : float
        Stop when an EM step changes the likelihood by less.
    max_iter : int
        Most calls of `step`.
    allowance : callable, optional
        `allowance(old, new)`: by how much a regularised M step from old to new may lower the likelihood.
    packing : Packing, optional
        Accelerate by SQUAREM in these coordinates.
    before : float
        Likelihood at the iterate before the start, where a fit is resumed.
    verbose : int
        Show progress.
    title : str
        What the progress bar says.

    Returns
    -------
    EMFit
        Parameters, likelihood and trace.

    Raises
    ------
    DataError
        If the likelihood is not a finite number.

    Examples
    --------
    Two coins are thrown ten times each round, which coin is not seen; the likelihood of their biases only rises:

    >>> import numpy as np
    >>> from panlearn.optimize.em import em
    >>> heads = np.array([5, 9, 8, 4, 7])
    >>> def step(biases):
    ...     likelihood = biases**heads[:, None] * (1 - biases) ** (10 - heads[:, None]) / 2
    ...     share = likelihood / likelihood.sum(axis=1, keepdims=True)
    ...     return np.log(likelihood.sum(axis=1)).sum(), heads @ share / (10 * share.sum(axis=0))
    >>> fit = em(step, np.array([0.6, 0.5]), tol=1e-6)
    >>> fit.parameters.round(2), bool((np.diff(fit.trace) >= 0).all())
    (array([0.8 , 0.52]), True)
    """
    trace: list[float] = []
    previous: P | None = None  # the iterate that trace[-1] belongs to
    path: list[P] = []  # successive EM iterates since the last jump, the newest last
    undo: P | None = None  # where to go on if the jump that led here lowers the likelihood
    n_iter, gain = 0, np.inf
    for n_iter in progress(range(1, max_iter + 1), title, enabled=verbose, certificate=lambda: gain):
        value, following = step(parameters)
        if undo is not None and not value >= trace[-1]:
            parameters, undo, path = undo, None, []
            continue
        if not np.isfinite(value):
            raise DataError(f"The log-likelihood is {value} at iteration {n_iter}; scale the data, or start elsewhere.")
        gain = value - (trace[-1] if trace else before)
        jumped, undo = undo is not None, None
        if previous is not None and not jumped:
            fall = -gain - max(0.0, allowance(previous, parameters) if allowance else 0.0)
            if fall > ROUNDING * (1 + abs(value)):
                return EMFit(previous, trace[-1], np.array(trace), False, n_iter, fall)
        trace.append(value)
        previous = parameters
        if not jumped and abs(gain) < tol:
            return EMFit(following, value, np.array(trace), True, n_iter, 0.0)
        path = [] if jumped else [*path[-1:], parameters]
        parameters = following
        if packing and len(path) == 2:
            target = _extrapolate(packing, path[0], path[1], following)
            if target is not None:
                parameters, undo = target, following
    final = parameters if undo is None else undo
    return EMFit(final, trace[-1] if trace else before, np.array(trace), False, n_iter, 0.0)


def best_em(step: Callable[[P], tuple[float, P]], starts: Iterable[P], **settings) -> EMFit[P]:
    """Run EM from each start and keep the fit of highest likelihood.

    Parameters
    ----------
    step : callable
        As for `em`.
    starts : iterable
        Parameters to start from; taken one at a time.
    **settings
        As for `em`.

    Returns
    -------
    EMFit
        The best fit.
    """
    fits = (em(step, start, **settings) for start in starts)
    best = next(fits)
    for fit in fits:
        best = fit if fit.log_likelihood > best.log_likelihood else best
    return best


def _extrapolate(packing: Packing[P], first: P, second: P, third: P) -> P | None:
    """SQUAREM's jump; None where it goes no further than the iterates themselves."""
    start, middle, end = (packing.pack(p) for p in (first, second, third))
    with np.errstate(invalid="ignore"):  # an infinite coordinate, a component without rows, ends the jumps
        r = middle - start
        v = end - middle - r
    length, bend = float(np.linalg.norm(r)), float(np.linalg.norm(v))
    if not (np.isfinite(length) and np.isfinite(bend)) or length <= bend:
        return None
    a = length / max(bend, 1e-8 * length)  # [varadhan2008] scheme S3
    return packing.unpack(start + 2 * a * r + a * a * v)
