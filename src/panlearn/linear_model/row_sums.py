"""One pass over rows that gives loss, gradient and the factor of the Hessian together, compiled.

With NumPy, a pass over a block writes and reads the linear predictor, its exponentials and the derivatives as arrays,
and reads the rows twice. Here a few rows at a time stay in the innermost cache,

    z = Xw + b + offset,    u = dloss/dz,    h = curvature,    g += X'u,    Z = diag(h)^1/2 [X, 1]

and the Hessian Z'Z is left to BLAS. A pass for the gradient then costs little more than reading X once. There are
kernels for the logit link of the binomial family, which is logistic regression too, and for the log link with
V(mu) = mu^p. With

    B = e^((2 - p) z),    A = y e^((1 - p) z)

the latter are linear: dloss/dz = B - A, the loss and its curvature are sums of A, B, z and yz with the constants that
`shape_of` gives.
"""

from typing import Any

import numpy as np

from panlearn.core.jit import kernel
from panlearn.core.numerics import exp, log1pexp, sigmoid
from panlearn.losses.exponential_family import Binomial, ExponentialFamilyLoss, PowerVariance
from panlearn.losses.links import Log, Logit

STRIP = 64  # rows at a time
LOGIT = np.zeros(0)  # in place of the constants of the log link


def shape_of(loss: ExponentialFamilyLoss, expected: bool = False) -> np.ndarray | None:
    """Constants of the loss for the kernels, or None if there is none for it.

    Parameters
    ----------
    loss : ExponentialFamilyLoss
        Family and link.
    expected : bool
        Take the expected curvature also where the exact one is simple.

    Returns
    -------
    ndarray of shape (8,) or (0,), or None
        Factors of z in the exponents of B and A; of B, A, z and yz in the loss; of B and A in the curvature.

    Examples
    --------
    >>> from panlearn.losses.exponential_family import family_of, link_of
    >>> poisson = family_of("poisson")
    >>> shape_of(ExponentialFamilyLoss(poisson, link_of("log", poisson)))  # loss e^z - yz
    array([ 1.,  0.,  1.,  0.,  0., -1.,  1.,  0.])
    """
    family, link = loss.family, loss.link
    if isinstance(family, Binomial) and isinstance(link, Logit):
        return LOGIT
    if not isinstance(link, Log) or not isinstance(family, PowerVariance) or family.power == 0:
        return None
    p = float(family.power)
    value = {1.0: [1.0, 0.0, 0.0, -1.0], 2.0: [0.0, 1.0, 1.0, 0.0]}.get(p)
    if value is None:
        value = [1.0 / (2.0 - p), -1.0 / (1.0 - p), 0.0, 0.0]
    curvature = [2.0 - p, p - 1.0] if 1 <= p <= 2 and not expected else [1.0, 0.0]
    return np.array([2.0 - p, 1.0 - p, *value, *curvature])


def applies(X: Any) -> bool:
    """Whether the rows X are an array in the order that the kernels read it."""
    return isinstance(X, np.ndarray) and X.flags.c_contiguous and X.flags.writeable and X.dtype.char in "df"


def row_sums(
    X: np.ndarray,
    y: np.ndarray,
    weight: np.ndarray | None,
    offset: np.ndarray | None,
    full: np.ndarray,
    shape: np.ndarray,
    Z: np.ndarray | None = None,
) -> tuple[float, float, np.ndarray]:
    """Sum the loss, u^2 / h, and the gradient over rows, and fill Z.

    Parameters
    ----------
    X : ndarray of shape (n, d)
        Rows for which `applies`.
    y : ndarray of shape (n,)
        Targets.
    weight, offset : ndarray of shape (n,), optional
        Weights of the rows, offset of the linear predictor.
    full : ndarray of shape (d + 1,)
        Coefficients, and the constant.
    shape : ndarray
        From `shape_of`.
    Z : ndarray of shape (n, d + 1), optional
        Set to the rows of [X, 1] times the root of their curvature.

    Returns
    -------
    loss : float
        Infinite where there is none.
    pearson : float
        Sum of u^2 / h: Pearson's chi^2 if h is the expected curvature; 0 without Z.
    gradient : ndarray of shape (d + 1,)
        X'u, and the sum of u.
    """
    none, gradient = np.empty(0), np.zeros(len(full))
    share, shift = none if weight is None else weight, none if offset is None else offset
    factor = np.empty((0, 0), X.dtype) if Z is None else Z
    loss, pearson = _sums(X, y, share, shift, full, shape, gradient, factor)
    return (loss if loss == loss else np.inf), pearson, gradient


@kernel
def _sums(X, y, weight, offset, full, shape, gradient, Z):
    z, second = np.empty(STRIP), np.empty(STRIP)
    loss = pearson = 0.0
    for start in range(0, len(X), STRIP):
        stop = min(start + STRIP, len(X))
        _predict(X[start:stop], offset[start:stop], full, z)
        part = 0.0
        if len(shape):
            part = _with_log_link(y[start:stop], shape, z, second, weight[start:stop])
        else:
            part = _with_logit_link(y[start:stop], z, second, weight[start:stop])
        loss += part
        _add_rows(X[start:stop], z, gradient)
        if len(Z):
            pearson += _scale(X[start:stop], z, second, Z[start:stop])
    return loss, pearson


@kernel
def _predict(X, offset, full, z):
    d = X.shape[1]
    for i in range(len(X)):
        total = 0.0
        for j in range(d):
            total += X[i, j] * full[j]
        z[i] = total + full[d]
    for i in range(len(offset)):
        z[i] += offset[i]


@kernel
def _add_rows(X, u, gradient):
    d = X.shape[1]
    total = 0.0
    for i in range(len(X)):
        total += u[i]
        for j in range(d):
            gradient[j] += u[i] * X[i, j]
    gradient[d] += total


@kernel
def _scale(X, u, h, Z):
    """Fill Z; the sum of u^2 / h."""
    d = X.shape[1]
    pearson = 0.0
    for i in range(len(X)):
        root = np.sqrt(h[i])
        for j in range(d):
            Z[i, j] = X[i, j] * root
        Z[i, d] = root
        if h[i] > 0.0:
            pearson += u[i] * u[i] / h[i]
    return pearson


@kernel
def _with_log_link(y, shape, z, second, weight):
    """Sum of the losses; z becomes their derivatives."""
    loss = 0.0
    for i in range(len(y)):
        b, a = exp(shape[0] * z[i]), y[i] * exp(shape[1] * z[i])
        value = shape[2] * b + shape[3] * a + shape[4] * z[i] + shape[5] * y[i] * z[i]
        s = weight[i] if len(weight) else 1.0
        loss += s * value
        second[i] = s * (shape[6] * b + shape[7] * a)
        z[i] = s * (b - a)
    return loss


@kernel
def _with_logit_link(y, z, second, weight):
    loss = 0.0
    for i in range(len(y)):
        mu = sigmoid(z[i])
        s = weight[i] if len(weight) else 1.0
        loss += s * (log1pexp(z[i]) - y[i] * z[i])
        second[i] = s * mu * (1.0 - mu)
        z[i] = s * (mu - y[i])
    return loss
