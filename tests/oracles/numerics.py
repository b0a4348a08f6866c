"""exp, log and their relatives in NumPy's extended precision, from their definitions."""

import numpy as np

EXTENDED = np.finfo(np.longdouble).nmant >= 63  # some platforms have no precision beyond float64


def exp(x):
    return np.exp(x.astype(np.longdouble))


def log(x):
    return np.log(x.astype(np.longdouble))


def log1p(x):
    return np.log1p(x.astype(np.longdouble))


def log1pexp(x):
    x = x.astype(np.longdouble)
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def sigmoid(x):
    e = np.exp(-np.abs(x.astype(np.longdouble)))
    return np.where(x >= 0, 1, e) / (1 + e)


def logsumexp(x):
    x = x.astype(np.longdouble)
    return x.max() + np.log(np.exp(x - x.max()).sum())


def ulps(got, true):
    """Distance from the true values in units in the last place of float64."""
    unit = np.spacing(np.abs(true).astype(np.float64)).astype(np.longdouble)
    return np.abs((got.astype(np.longdouble) - true) / unit).astype(np.float64)
