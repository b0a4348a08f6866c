"""Problems of any size from fixed seeds: the same at every call and in every process."""

from typing import Any

import numpy as np
import scipy.sparse as sp
from scipy.special import expit
from sklearn.datasets import load_iris

from benchmarks.cases import Problem


def regression(n: int, p: int) -> Problem:
    """Normal features with means away from 0, a linear response, noise of a third of its spread."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, p))
    X += rng.normal(size=p)
    signal = X @ rng.normal(size=p)
    return Problem(X, signal + signal.std() / 3 * rng.standard_normal(n))


def sparse_regression(n: int, p: int) -> Problem:
    """Ten stored entries a row, columns used equally often."""
    rng = np.random.default_rng(0)
    X = sp.random_array((n, p), density=min(1.0, 10 / p), format="csr", rng=rng)
    signal = X @ rng.normal(size=p)
    return Problem(X, signal + signal.std() / 3 * rng.standard_normal(n))


def text_regression(n: int, p: int) -> Problem:
    """A linear response to tf-idf features."""
    rng = np.random.default_rng(1)
    X = tf_idf(n, p)
    signal = X @ rng.normal(size=p)
    return Problem(X, signal + signal.std() / 3 * rng.standard_normal(n))


def smooth_curve(n: int, p: int) -> Problem:
    """A response that no polynomial fits exactly."""
    rng = np.random.default_rng(0)
    X = rng.uniform(-2, 2, size=(n, p))
    return Problem(X, np.sin(X).sum(axis=1) + X[:, 0] * X[:, -1] + 0.1 * rng.standard_normal(n))


def two_classes(n: int, p: int) -> Problem:
    """Classes that overlap: a label is drawn with its logistic probability."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, p))
    return Problem(X, (rng.random(n) < expit(X @ rng.normal(size=p) * 2 / np.sqrt(p) - 0.5)).astype(int))


def two_classes_badly_scaled(n: int, p: int) -> Problem:
    """`two_classes` in units that spread the columns over four orders of magnitude."""
    problem = two_classes(n, p)
    return Problem(problem.X * np.logspace(-2, 2, p), problem.y)


def ten_classes(n: int, p: int) -> Problem:
    """Ten overlapping clusters with nonnegative, bounded features, as digits have."""
    rng = np.random.default_rng(0)
    y = np.arange(n) % 10
    return Problem(np.clip(rng.uniform(0, 1, (10, p))[y] + rng.normal(size=(n, p)), 0, 1), y)


def iris(n: int, p: int) -> Problem:
    """Fisher's irises, three species; the size is theirs."""
    flowers: Any = load_iris()
    return Problem(flowers.data, flowers.target)


def iris_virginica(n: int, p: int) -> Problem:
    """Fisher's irises, virginica against the two others."""
    flowers = iris(n, p)
    return Problem(flowers.X, (flowers.y == 2).astype(int))


def text(n: int, p: int) -> Problem:
    """Documents of two classes."""
    rng = np.random.default_rng(1)
    X = tf_idf(n, p)
    w = rng.normal(size=p) * (rng.random(p) < 0.1) * 12
    return Problem(X, (rng.random(n) < expit(X @ w)).astype(int))


def tf_idf(n: int, p: int, words: int = 100) -> sp.csr_matrix:
    """Documents of about 100 words from a Zipf vocabulary as unit rows of tf-idf weights."""
    rng = np.random.default_rng(0)
    lengths = np.maximum(5, rng.lognormal(np.log(words), 0.6, n).astype(int))
    frequency = np.cumsum(1 / np.arange(1, p + 1) ** 1.05)
    columns = np.searchsorted(frequency / frequency[-1], rng.random(lengths.sum()))
    X = sp.csr_matrix((np.ones(lengths.sum()), (np.repeat(np.arange(n), lengths), columns)), shape=(n, p))
    X.sum_duplicates()
    idf = np.log((1 + n) / (1 + np.bincount(X.indices, minlength=p))) + 1
    X.data = (1 + np.log(X.data)) * idf[X.indices]
    rows = np.repeat(np.arange(n), np.diff(X.indptr))
    X.data /= np.sqrt(np.bincount(rows, X.data**2, minlength=n))[rows]
    return X
