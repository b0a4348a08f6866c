"""Does a backward pass compute the gradient? Compared with finite differences, parameter by parameter.

    dL/dtheta_i  against  (L(theta + h e_i) - L(theta - h e_i)) / 2h,        error O(h^2) + O(eps / h)

Everything runs in float64 on a copy: in float32 rounding alone spoils the quotient. h is about the cube root of the
precision, times the size of theta_i, where both errors are smallest. A parameter is judged by

    (|a - d| - rounding) / max(|a|, |d|, floor)

with the floor a thousandth of the largest gradient in its tensor and the rounding that of the loss over h, so that
entries which are 0 but for rounding do not fail. A difference that goes across a kink (ReLU, max pooling) is no
derivative: an entry that disagrees is tried again with smaller steps, and then on one side only, before it is called
wrong.

A module with a hand-written `backpropagate(batch, objective)`, which training uses, is checked through that.

Cost: two passes over the rows for each entry checked: take a handful of rows.

Course notes: 001 §5, 002.
"""

import copy
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from panlearn.core.errors import DataError
from panlearn.diagnostics.empirical_loss import EmpiricalLoss, Loss, empirical_loss, evaluating
from panlearn.neural_network.training.batches import Batch

STEPS = (1e-5, 1e-6, 1e-7)  # h as a share of max(1, |theta_i|); the first is near the cube root of 2e-16
ROUNDING = 8 * 2.2e-16  # of a loss, relative
FLOOR = 1e-3  # of the largest gradient of a tensor


class ParameterCheck(NamedTuple):
    """The entry of a parameter that disagrees most."""

    name: str  # of the parameter
    error: float  # relative
    entry: tuple[int, ...]  # where it stands in the parameter
    gradient: float  # by the backward pass
    difference: float  # by finite differences
    n_checked: int  # entries looked at


class GradientCheck(NamedTuple):
    """Gradients beside finite differences."""

    passed: bool  # whether all errors are within `tol`
    parameters: tuple[ParameterCheck, ...]  # in the module's order
    tol: float

    @property
    def worst(self) -> ParameterCheck:
        """The parameter that disagrees most."""
        return max(self.parameters, key=lambda check: check.error)

    def __str__(self) -> str:
        """Verdict in a sentence."""
        name, error, entry, gradient, difference, _ = self.worst
        where = f"{name}[{', '.join(map(str, entry))}]"
        said = f"backward pass {gradient:.6g}, finite difference {difference:.6g}, relative error {error:.1e}"
        n = sum(check.n_checked for check in self.parameters)
        return f"{'right' if self.passed else 'WRONG'} ({n} entries); worst {where}: {said}"


def gradient_check(
    model: Any,
    X: Any,
    y: Any,
    loss: Loss = None,
    *,
    n_entries: int = 20,
    tol: float = 1e-5,
    sample_weight: Any = None,
    random_state: int = 0,
) -> GradientCheck:
    """Compare the gradients of a network's loss with finite differences.

    Parameters
    ----------
    model : Module or fitted neural estimator
        The network. A copy in float64 is checked, set to evaluation: without dropout.
    X : array, tensor, or tuple of them
        Rows; a handful is enough.
    y : array of shape (n,) or (n, k)
        Targets.
    loss : str, callable, or None
        A name, a function of outputs and targets, or None: the estimator's own, or the one y suggests.
    n_entries : int
        Entries of each parameter to check, drawn at random; all if there are fewer.
    tol : float
        Largest relative error that counts as rounding.
    sample_weight : array of shape (n,), optional
        Weights of the rows.
    random_state : int
        Seed of the entries.

    Returns
    -------
    GradientCheck
        Verdict, and the worst entry of each parameter; print it.

    Raises
    ------
    ValueError
        If the network cannot run in float64.

    References
    ----------
    [nocedal2006] chapter 8, note 001 §5

    Examples
    --------
    >>> import torch
    >>> class Halved(torch.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, w):
    ...         return w * 1
    ...
    ...     @staticmethod
    ...     def backward(ctx, gradient):
    ...         return gradient / 2  # wrong
    >>> class Net(torch.nn.Linear):
    ...     def forward(self, x):
    ...         return torch.nn.functional.linear(x, self.weight, Halved.apply(self.bias))
    >>> check = gradient_check(Net(2, 1), [[1.0, 2.0], [3.0, 4.0]], [5.0, 6.0])
    >>> check.passed, check.worst.name, round(check.worst.error, 3)
    (False, 'bias', 0.5)
    """
    if n_entries < 1:
        raise DataError(f"n_entries must be at least 1, got {n_entries}.")
    risk = _double(empirical_loss(model, X, y, loss, sample_weight=sample_weight))
    random = np.random.default_rng(random_state)
    checks = []
    here, gradients = risk.value(), _gradients(risk)
    for (name, parameter), gradient in zip(risk.parameters.items(), gradients):
        size = parameter.numel()
        entries = random.choice(size, min(n_entries, size), replace=False) if size else np.empty(0, int)
        found = [_entry(risk, here, parameter, gradient, int(i), tol) for i in entries]
        if found:
            error, i, a, d = max(found)
            entry = tuple(int(k) for k in np.unravel_index(i, parameter.shape)) if parameter.ndim else ()
            checks.append(ParameterCheck(name, error, entry, a, d, len(found)))
    return GradientCheck(all(check.error <= tol for check in checks), tuple(checks), tol)


def _double(risk: EmpiricalLoss) -> EmpiricalLoss:
    """The same in float64, on a copy."""
    module = copy.deepcopy(risk.module).double()
    wide = lambda t: t.double() if t.is_floating_point() else t  # noqa: E731
    weight = None if risk.weight is None else risk.weight.double()
    inputs = tuple(map(wide, risk.inputs))
    doubled = risk._replace(module=module, inputs=inputs, target=wide(risk.target), weight=weight)
    try:
        doubled.value()
    except RuntimeError as error:
        raise DataError(
            f"{type(module).__name__} does not run in float64, which finite differences need: {error}. Make tensors "
            "inside forward with the dtype of its inputs."
        ) from None
    return doubled


def _gradients(risk: EmpiricalLoss) -> list[Tensor]:
    """Gradients as training computes them."""
    by_hand = getattr(risk.module, "backpropagate", None)
    if by_hand is None or len(risk.target) > risk.batch_size:
        vector = risk.gradient()[1]
        return list(vector.split([p.numel() for p in risk.parameters.values()]))
    for parameter in risk.module.parameters():
        parameter.grad = torch.zeros_like(parameter)
    with evaluating(risk.module):
        by_hand(Batch(risk.inputs, risk.target, risk.weight, torch.arange(len(risk.target))), risk.loss)
    return [p.grad.flatten().clone() for p in risk.parameters.values() if p.grad is not None]


def _entry(
    risk: EmpiricalLoss, here: float, parameter: nn.Parameter, gradient: Tensor, i: int, tol: float
) -> tuple[float, int, float, float]:
    """Smallest relative error of an entry over the ways to difference, where it stands, and both derivatives."""
    a = float(gradient[i])
    floor = max(FLOOR * float(gradient.abs().max()), 1e-10)
    where = np.unravel_index(i, parameter.shape) if parameter.ndim else ...
    centre = float(parameter.data[where])

    def value(step: float) -> float:
        parameter.data[where] = centre + step
        return risk.value()

    best = (np.inf, i, a, np.nan)
    rounding = ROUNDING * abs(here) / STEPS[0]
    try:
        for sides in (((1, -1),), ((1, 0), (0, -1))):
            for h in (step * max(1.0, abs(centre)) for step in STEPS):
                for right, left in sides:
                    d = ((value(h) if right else here) - (value(-h) if left else here)) / ((right - left) * h)
                    error = max(0.0, abs(a - d) - rounding) / max(abs(a), abs(d), floor)
                    best = min(best, (error, i, a, d))
                    if error <= tol:
                        return best
    finally:
        parameter.data[where] = centre
    return best
