"""Regularisation paths: the elastic net for a falling sequence of strengths [friedman2010].

    w(alpha) = argmin_w  1/(2n) |y - Xw|^2 + alpha (rho sum_j c_j |w_j| + (1 - rho)/2 sum_j c_j w_j^2)

For the Lasso, rho = 1, w(alpha) is piecewise linear: it starts at 0 for alpha = max_j |x_j'y| / (n c_j), and columns
join (now and then leave) one by one as alpha falls. Each solution is the start of the next, so that a hundred of them
cost little more than the last one alone. X and y are taken as they are, without an intercept: centre them first if one
is wanted. Course notes: 003 §1.7.1.
"""

import warnings
from numbers import Integral
from typing import Any

import numpy as np
from scipy.sparse import csc_matrix, issparse
from sklearn.utils import check_array

from panlearn.core.errors import DataError
from panlearn.penalties.elastic_net import alpha_max

SETTINGS = {"tol": 1e-4, "max_iter": 1000, "sample_weight": None, "penalty_weights": None}
ACCEPTED = {"random_state", "selection", "do_screening"}  # scikit-learn's, without effect here


def enet_path(
    X: Any,
    y: Any,
    *,
    l1_ratio: float = 0.5,
    eps: float = 1e-3,
    n_alphas: Any = "deprecated",
    alphas: Any = "warn",
    precompute: Any = "auto",
    Xy: Any = None,
    copy_X: bool = True,
    coef_init: Any = None,
    verbose: bool | int = False,
    return_n_iter: bool = False,
    positive: bool = False,
    check_input: bool = True,
    **params: Any,
) -> tuple:
    """Elastic-net solutions for a falling sequence of strengths, without an intercept.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n, p)
        Features.
    y : array-like of shape (n,) or (n, targets)
        Target, or several for the multi-task penalty, which keeps or drops a column for all of them.
    l1_ratio : float, default=0.5
        Share of the absolute values in the penalty, from 0 to 1; above 0 if the strengths are chosen here.
    eps : float, default=1e-3
        Smallest strength as a share of the largest.
    n_alphas : int
        scikit-learn's old name for a number as `alphas`.
    alphas : int or array-like, default=100
        Number of strengths, from the smallest at which all weights are 0 down, or the strengths, which are sorted.
    precompute : {"auto"}, bool or array-like, default="auto"
        Kept for scikit-learn's signature: the products of the columns in use are computed.
    Xy : array-like, default=None
        Kept for scikit-learn's signature, as `precompute`.
    copy_X : bool, default=True
        Kept for scikit-learn's signature: X is never changed.
    coef_init : array-like of shape (p,) or (targets, p), default=None
        Start of the first solution.
    verbose : bool or int, default=False
        Print a line when the path is done.
    return_n_iter : bool, default=False
        Return the sweeps, too.
    positive : bool, default=False
        Restrict the weights to be at least 0; for one target.
    check_input : bool, default=True
        Whether X and y are checked and converted; without, both must be float arrays (or CSC).
    **params : Any
        `tol` (1e-4), `max_iter` (1000), `sample_weight` and `penalty_weights` (None) as in `ElasticNet`.

    Returns
    -------
    alphas : ndarray of shape (m,)
        Strengths, falling.
    coefs : ndarray of shape (p, m) or (targets, p, m)
        Weights.
    dual_gaps : ndarray of shape (m,)
        Certificates: each objective is at most so far above its minimum.
    n_iters : list of int
        Sweeps of coordinate descent, if asked for.

    Raises
    ------
    ValueError
        If a parameter is unknown, or data or strengths cannot be used.

    References
    ----------
    [friedman2010], [zou2005], [qian2020]

    Examples
    --------
    For orthogonal columns each weight is its correlation with y moved towards 0, and shrunken.

    >>> import numpy as np
    >>> from panlearn.linear_model import enet_path
    >>> alphas, coefs, gaps = enet_path(2 * np.eye(4), [8.0, 4.0, 0.0, 0.0], alphas=[2.0, 1.0])
    >>> coefs[:2].tolist()
    [[1.5, 2.333333333333333], [0.5, 1.0]]
    """
    if unknown := set(params) - set(SETTINGS) - ACCEPTED:
        raise DataError("Unexpected parameters in params", sorted(unknown))
    settings = {**SETTINGS, **{k: v for k, v in params.items() if k in SETTINGS}}
    if check_input:
        X, y = _checked(X, y)
    if y.ndim > 1 and positive:
        raise DataError("positive=True is not allowed for multi-output (y.ndim != 1)")
    if not 0 <= l1_ratio <= 1:
        raise DataError(f"l1_ratio must be in the range [0.0, 1.0]. Got {l1_ratio!r} instead.")
    solve = _single if y.ndim == 1 else _multi_task
    found, grid = solve(X, y, _requested(n_alphas, alphas), (float(l1_ratio), eps), coef_init, positive, settings)
    if verbose:
        print(f"path of {len(grid)} strengths: largest duality gap {found.gaps.max(initial=0.0):.1e}")  # noqa: T201
    coefs = np.moveaxis(found.coefs, 0, -1).astype(X.dtype, copy=False)
    result = grid, coefs, found.gaps
    return (*result, found.sweeps.tolist()) if return_n_iter else result


def lasso_path(
    X: Any,
    y: Any,
    *,
    eps: float = 1e-3,
    n_alphas: Any = "deprecated",
    alphas: Any = "warn",
    precompute: Any = "auto",
    Xy: Any = None,
    copy_X: bool = True,
    coef_init: Any = None,
    verbose: bool | int = False,
    return_n_iter: bool = False,
    positive: bool = False,
    **params: Any,
) -> tuple:
    """Lasso solutions for a falling sequence of strengths, without an intercept: `enet_path` with l1_ratio = 1.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n, p)
        Features.
    y : array-like of shape (n,) or (n, targets)
        Target, or several for the multi-task penalty, which keeps or drops a column for all of them.
    eps : float, default=1e-3
        Smallest strength as a share of the largest.
    n_alphas : int
        scikit-learn's old name for a number as `alphas`.
    alphas : int or array-like, default=100
        Number of strengths, from the smallest at which all weights are 0 down, or the strengths, which are sorted.
    precompute : {"auto"}, bool or array-like, default="auto"
        Kept for scikit-learn's signature: the products of the columns in use are computed.
    Xy : array-like, default=None
        Kept for scikit-learn's signature, as `precompute`.
    copy_X : bool, default=True
        Kept for scikit-learn's signature: X is never changed.
    coef_init : array-like of shape (p,) or (targets, p), default=None
        Start of the first solution.
    verbose : bool or int, default=False
        Print a line when the path is done.
    return_n_iter : bool, default=False
        Return the sweeps, too.
    positive : bool, default=False
        Restrict the weights to be at least 0; for one target.
    **params : Any
        `tol` (1e-4), `max_iter` (1000), `sample_weight` and `penalty_weights` (None) as in `Lasso`.

    Returns
    -------
    alphas : ndarray of shape (m,)
        Strengths, falling.
    coefs : ndarray of shape (p, m) or (targets, p, m)
        Weights.
    dual_gaps : ndarray of shape (m,)
        Certificates: each objective is at most so far above its minimum.
    n_iters : list of int
        Sweeps of coordinate descent, if asked for.

    Raises
    ------
    ValueError
        If a parameter is unknown, or data or strengths cannot be used.

    References
    ----------
    [tibshirani1996], [friedman2010], [qian2020]

    Examples
    --------
    Columns join one by one as the strength falls.

    >>> import numpy as np
    >>> from panlearn.linear_model import lasso_path
    >>> alphas, coefs, gaps = lasso_path(np.eye(3), [3.0, 2.0, 1.0], alphas=4, eps=0.1)
    >>> np.count_nonzero(coefs, axis=0).tolist()
    [0, 2, 3, 3]
    """
    return enet_path(
        X,
        y,
        l1_ratio=1.0,
        eps=eps,
        n_alphas=n_alphas,
        alphas=alphas,
        precompute=precompute,
        Xy=Xy,
        copy_X=copy_X,
        coef_init=coef_init,
        verbose=verbose,
        return_n_iter=return_n_iter,
        positive=positive,
        **params,
    )


def _checked(X: Any, y: Any) -> tuple[Any, np.ndarray]:
    check: Any = check_array
    X = check(X, accept_sparse="csc", dtype=[np.float64, np.float32])
    y = check(y, dtype=np.float64, ensure_2d=False)
    if issparse(X) and not X.has_canonical_format:
        X = csc_matrix(X, copy=True)
        X.sum_duplicates()
    if len(y) != X.shape[0]:
        raise DataError(f"X and y must have as many rows; X has {X.shape[0]}, y has {len(y)}.")
    return X, y


def _requested(n_alphas: Any, alphas: Any) -> Any:
    """A number of strengths or the strengths, under the names that scikit-learn has or had."""
    if not isinstance(n_alphas, str):
        warnings.warn(
            "'n_alphas' was deprecated in 1.9 and will be removed in 1.11. 'alphas' now accepts an integer value.",
            FutureWarning,
            stacklevel=3,
        )
    if alphas is None:
        text = "'alphas=None' is deprecated and will be removed in 1.11. Set 'alphas=100' to silence this warning."
        warnings.warn(text, FutureWarning, stacklevel=3)
    if alphas is None or isinstance(alphas, str):
        alphas = 100 if isinstance(n_alphas, str) else n_alphas
    if isinstance(alphas, Integral):
        if alphas < 1:
            raise DataError(f"alphas must be at least 1 or an array of strengths. Got {alphas!r} instead.")
        return int(alphas)
    grid = np.sort(np.asarray(alphas, dtype=np.float64).ravel())[::-1]
    if not (grid >= 0).all() or not np.isfinite(grid).all():
        raise DataError(f"alphas must be in the range [0.0, inf). Got {alphas!r} instead.")
    return grid


def _grid(requested: Any, largest: float, eps: float) -> np.ndarray:
    if not isinstance(requested, int):
        return requested
    if not eps > 0:
        raise DataError(f"eps must be in the range (0.0, inf). Got {eps!r} instead.")
    smallest = np.finfo(np.float64).resolution  # no column pulls at all
    if largest <= smallest:
        return np.full(requested, smallest)
    return np.geomspace(largest, largest * eps, requested)


def _needs_ratio(requested: Any, ratio: float) -> None:
    if isinstance(requested, int) and ratio == 0:
        raise DataError(
            "Automatic alpha grid generation is not supported for l1_ratio=0. Please supply a grid by providing your "
            "estimator with the appropriate `alphas=` argument."
        )


def _single(
    X: Any, y: np.ndarray, requested: Any, shape: tuple[float, float], start: Any, positive: bool, settings: dict
) -> tuple[Any, np.ndarray]:
    from panlearn.optimize.centred_columns import CentredColumns
    from panlearn.optimize.elastic_net import elastic_net_path  # compiles or loads kernels

    (ratio, eps), weights = shape, settings["penalty_weights"]
    _needs_ratio(requested, ratio)
    weights = None if weights is None else np.asarray(weights, dtype=np.float64)
    columns = CentredColumns(X, settings["sample_weight"], intercept=False)
    largest = 0.0
    if isinstance(requested, int):
        pull = columns.pull(columns.target(y)[0][:, None])[:, 0]
        largest = alpha_max(pull, ratio, weights, positive)
    grid = _grid(requested, largest, eps)
    found = elastic_net_path(
        columns,
        y,
        grid * ratio,
        grid * (1.0 - ratio),
        weights=weights,
        positive=positive,
        start=None if start is None else np.asarray(start, dtype=np.float64),
        tol=settings["tol"],
        max_iter=settings["max_iter"] or 1000,
    )
    return found, grid


def _multi_task(
    X: Any, y: np.ndarray, requested: Any, shape: tuple[float, float], start: Any, positive: bool, settings: dict
) -> tuple[Any, np.ndarray]:
    from panlearn.linear_model.path_cross_validation import ColumnProblem
    from panlearn.optimize.block_coordinate_descent import block_path

    ratio, eps = shape
    _needs_ratio(requested, ratio)
    source = ColumnProblem(X, y, settings["sample_weight"], False).source
    largest = float(np.max(np.linalg.norm(source.cross, axis=0), initial=0.0)) / (ratio or 1.0)
    grid = _grid(requested, largest, eps)
    first = None if start is None else np.asarray(start, dtype=np.float64)
    tol, max_iter = settings["tol"], settings["max_iter"] or 1000
    return block_path(source, grid * ratio, grid * (1.0 - ratio), start=first, tol=tol, max_iter=max_iter), grid
