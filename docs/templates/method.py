"""<Method>: min_w <objective> [<key>].

    gradient      <formula>
    update        <formula>

<One paragraph: why it works, what each symbol is where the formula does not say.>

Cost: <operations in n and p, memory>. When it fails: <data on which it should not be used>.

Course notes: <003 §1.3>.
"""

from typing import Any, ClassVar, NamedTuple

import numpy as np

from panlearn.core.base import Estimator
from panlearn.core.constraints import NONNEGATIVE, validated
from panlearn.core.jit import kernel
from panlearn.core.registry import method


@kernel
def update(X, residual, w):  # updates w, residual
    """One pass over the columns."""


class Fit(NamedTuple):
    """The answer and its certificate."""

    coef: np.ndarray  # (p,)
    gradient_norm: float  # largest component of the gradient at coef
    trace: np.ndarray  # objective after each outer iteration


def solve(X: np.ndarray, y: np.ndarray, alpha: float, *, tol: float, max_iter: int) -> Fit:
    """Decide when to stop: the outer loop is Python, a kernel call takes well under a second."""


@method(
    "<Textbook name>",
    tasks=("regression",),
    notes=("<003 1.3>",),
    needs=("scaled",),
    cost=lambda n, p, k: n * p,
)
class Method(Estimator):
    """<One line.>

    Minimises <objective>.

    Parameters
    ----------
    alpha : float, default=1.0
        <Meaning, range, unit.>

    Attributes
    ----------
    coef_ : ndarray of shape (p,)
        Weights, in units of y per unit of x.
    gradient_norm_ : float
        Certificate: <what is zero at the answer>.
    certificate_ : str
        The same in words.

    Raises
    ------
    ValueError
        If <what the data must satisfy>.

    References
    ----------
    [<key>], <003 §1.3>

    Examples
    --------
    <A fact about the method, at most five printed lines.>
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {"alpha": [NONNEGATIVE]}

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = alpha

    @validated
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "Method":
        """Fit the model."""
