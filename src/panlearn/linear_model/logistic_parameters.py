"""What the parameters of logistic regression mean: which penalty, and what scikit-learn refuses or announces.

scikit-learn 1.8 replaced `penalty` by `l1_ratio` and C = inf; the old spelling still works and says so. Its named
solvers support some penalties each and refuse the others. A name asked for here refuses the same, so that a changed
import behaves as before; "auto" supports every penalty.
"""

import warnings
from typing import Any

import numpy as np

from panlearn.core.constraints import options
from panlearn.core.errors import DataError

NAMES = ("lbfgs", "liblinear", "newton-cg", "newton-cholesky", "sag", "saga")
SOLVERS = options("auto", *NAMES)

DEPRECATED = (
    "'penalty' was deprecated in version 1.8 and will be removed in 1.10. To avoid this warning, leave 'penalty' set "
    "to its default value and use '{ratio}' {instead} instead. Use {ratio}={zero} instead of penalty='l2', "
    "{ratio}={one} instead of penalty='l1', {ratio} set to {floats} instead of penalty='elasticnet', and {none} "
    "instead of penalty=None."
)
# What scikit-learn's warnings begin with: programs look for it.
UNCONVERGED = {
    "lbfgs": "lbfgs failed to converge",
    "liblinear": "Liblinear failed to converge, increase the number of iterations.",
    "newton-cg": "newton-cg failed to converge. Increase the number of iterations.",
    "newton-cholesky": "Newton solver did not converge after {} iterations.",
    "sag": "The max_iter was reached which means the coef_ did not converge",
    "saga": "The max_iter was reached which means the coef_ did not converge",
}
SHORT_INDICES = ("liblinear", "sag", "saga")  # refuse sparse matrices with 64-bit indices
SINGLE = {
    "ratio": "l1_ratio",
    "instead": "or 'C'",
    "zero": "0",
    "one": "1",
    "floats": "a float between 0 and 1",
    "none": "C=np.inf",
}
SEVERAL = {
    "ratio": "l1_ratios",
    "instead": "and 'Cs'",
    "zero": "(0,)",
    "one": "(1,)",
    "floats": "floats between 0 and 1",
    "none": "Cs=(np.inf,)",
}


def penalty_of(
    penalty: Any, C: float, l1_ratio: float | None, solver: str = "auto", dual: bool = False
) -> tuple[str | None, float, float]:
    """Which penalty the parameters of `LogisticRegression` ask for.

    Parameters
    ----------
    penalty : {"l1", "l2", "elasticnet", "deprecated"} or None
        The old spelling, or "deprecated" where it is not used.
    C : float
        Inverse strength.
    l1_ratio : float or None
        Share of L1.
    solver, dual
        What is to solve it, as in `check_solver`.

    Returns
    -------
    name : {"l1", "l2", "elasticnet"} or None
        The penalty in the old spelling.
    C : float
        Its inverse strength: inf for none.
    l1_ratio : float
        Its share of L1.

    Raises
    ------
    ValueError
        If the solver does not support the penalty, or an elastic net is asked for without its `l1_ratio`.

    Examples
    --------
    >>> penalty_of("deprecated", 2.0, 1.0)
    ('l1', 2.0, 1.0)
    """
    given = C
    if penalty != "deprecated":
        warnings.warn(DEPRECATED.format(**SINGLE), FutureWarning, stacklevel=4)
        name, C = penalty, np.inf if penalty is None else C
    else:
        if l1_ratio is None:
            warnings.warn(
                "'l1_ratio=None' was deprecated in version 1.8 and will trigger an error in 1.10. Use 0<=l1_ratio<=1 "
                "instead.",
                FutureWarning,
                stacklevel=4,
            )
        name = None if np.isinf(C) else named(l1_ratio or 0.0)
    check_solver(solver, name, dual)
    if name != "elasticnet" and l1_ratio is not None and 0 < l1_ratio < 1:
        warnings.warn(
            f"l1_ratio parameter is only used when penalty is 'elasticnet'. Got (penalty={name})", stacklevel=4
        )
    if (penalty == "l2" and l1_ratio != 0) or (penalty == "l1" and l1_ratio != 1):
        warnings.warn(
            f"Inconsistent values: penalty={penalty} with l1_ratio={l1_ratio}. penalty is deprecated. Please use "
            "l1_ratio only.",
            stacklevel=4,
        )
    if name == "elasticnet" and l1_ratio is None:
        raise DataError("l1_ratio must be specified when penalty is elasticnet.")
    if penalty is None and given != 1.0:
        warnings.warn("Setting penalty=None will ignore the C and l1_ratio parameters", stacklevel=4)
    share = l1_ratio if name == "elasticnet" else float(name == "l1")
    return name, C, float(share or 0.0)


def named(l1_ratio: float) -> str:
    """The old name of a share of L1.

    Examples
    --------
    >>> named(0.0), named(0.3)
    ('l2', 'elasticnet')
    """
    return {0.0: "l2", 1.0: "l1"}.get(l1_ratio, "elasticnet")


def check_solver(solver: str, penalty: str | None, dual: bool, classes: int = 2) -> None:
    """Refuse what scikit-learn's solver of that name refuses.

    Parameters
    ----------
    solver : str
        "auto" supports everything.
    penalty : {"l1", "l2", "elasticnet"} or None
        The penalty.
    dual : bool
        Whether the dual formulation is asked for.
    classes : int
        Number of classes.

    Raises
    ------
    ValueError
        If scikit-learn's solver does not support the combination.
    """
    if solver == "auto":
        return
    if solver not in ("liblinear", "saga") and penalty not in ("l2", None):
        raise DataError(
            f"Solver {solver} supports only 'l2' or None penalties, got {penalty} penalty. Use solver='auto'."
        )
    if solver != "liblinear" and dual:
        raise DataError(f"Solver {solver} supports only dual=False, got dual={dual}")
    if penalty == "elasticnet" and solver != "saga":
        raise DataError(f"Only 'saga' solver supports elasticnet penalty, got solver={solver}. Or use solver='auto'.")
    if solver == "liblinear" and penalty is None:
        raise DataError("C=np.inf as well as penalty=None is not supported for the liblinear solver")
    if solver == "liblinear" and classes > 2:
        raise DataError(
            "The 'liblinear' solver does not support multiclass classification (n_classes >= 3). Either use another "
            "solver or wrap the estimator in a OneVsRestClassifier to keep applying a one-versus-rest scheme."
        )
