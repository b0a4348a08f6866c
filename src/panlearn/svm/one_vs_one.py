"""Several classes by one machine for each pair of them, which all share one set of support vectors [hsu2002].

For the K(K-1)/2 pairs i < j, a machine f_ij is trained on the rows of the two classes, positive for i. Each casts a
vote, and the class with most votes wins (the first of equals). K(K-1)/2 problems of 2n/K rows cost less than
K of n rows, as one class against the rest would take, since a kernel machine costs more than n.

Layout of the coefficients, as LIBSVM's [chang2011]: rows are sorted by class; a row of class i has K - 1 coefficients,
one in each machine of its class, against the other classes in order. So f of all pairs needs each kernel value
k(x, x_i) once, and K products with K - 1 columns:

    f_ij(x) = sum over r in class i of c_{j-1, r} k(x, x_r)  +  sum over r in class j of c_{i, r} k(x, x_r)  +  b_ij

Course notes: 000 §2.
"""

from collections.abc import Callable
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import issparse, vstack

from panlearn.core.threads import GATE, run, single_threaded_blas, thread_count
from panlearn.svm.dual_problem import DualFit
from panlearn.svm.kernel_function import KernelFunction

FEW = 16  # classes up to which all pairs are columns of one product
SMALL = 2000  # rows of a pair up to which pairs are spread over threads: more, and the solver itself uses them


class Sample(NamedTuple):
    """Rows in the order of their classes."""

    kernel: KernelFunction
    X: Any  # (n, p)
    gram: np.ndarray | None  # (n, n), where it is shared
    weight: np.ndarray  # (n,)
    ends: np.ndarray  # (K + 1,) class k has the rows ends[k] to ends[k + 1]

    def take(self, rows: np.ndarray) -> "Sample":
        """The sample of some rows, given in ascending order."""
        gram = None if self.gram is None else self.gram[np.ix_(rows, rows)]
        X = gram if self.kernel.name == "precomputed" else self.X[rows]
        return Sample(self.kernel, X, gram, self.weight[rows], np.searchsorted(rows, self.ends))

    def pair(self, i: int, j: int) -> "Sample":
        """The rows of two classes."""
        if len(self.ends) == 3:
            return self
        first, second = slice(*self.ends[i : i + 2]), slice(*self.ends[j : j + 2])
        size = first.stop - first.start
        ends = np.array([0, size, size + second.stop - second.start])
        gram = None
        if self.gram is not None:
            gram = np.empty((ends[2], ends[2]), dtype=self.gram.dtype)
            for a, left in ((first, slice(0, size)), (second, slice(size, None))):
                gram[left, :size], gram[left, size:] = self.gram[a, first], self.gram[a, second]
        X = gram
        if self.kernel.name != "precomputed":
            pieces = self.X[first], self.X[second]
            X = vstack(pieces, format="csr") if issparse(self.X) else np.concatenate(pieces)
        weight = np.concatenate((self.weight[first], self.weight[second]))
        return Sample(self.kernel, X, gram, weight, ends)

    @property
    def sizes(self) -> np.ndarray:
        """Number of rows of each class."""
        return np.diff(self.ends)


class Machines(NamedTuple):
    """The machines of all pairs."""

    coef: np.ndarray  # (K - 1, n) in the layout above
    intercept: np.ndarray  # (K (K - 1) / 2,)
    fits: list[DualFit]  # of the pairs that have two classes


def pairs_of(classes: int) -> list[tuple[int, int]]:
    """The pairs in their order: (0, 1), (0, 2), ..., (1, 2), ...

    Examples
    --------
    >>> pairs_of(3)
    [(0, 1), (0, 2), (1, 2)]
    """
    return list(combinations(range(classes), 2))


def solve_pairs(sample: Sample, solve: Callable[[Sample], DualFit]) -> Machines:
    """Train a machine for each pair of classes.

    Parameters
    ----------
    sample : Sample
        All rows.
    solve : callable
        Solves a sample of two classes, the first of which is the positive one.

    Returns
    -------
    Machines
        Their coefficients. Where a class of a pair has no row, f is constant: 1 for the other class.
    """
    pairs = pairs_of(len(sample.sizes))
    fits: dict[tuple[int, int], DualFit] = {}

    def work(share: list[tuple[int, int]]) -> None:
        for i, j in share:
            fits[i, j] = solve(sample.pair(i, j))

    sizes = sample.sizes
    todo = [(i, j) for i, j in pairs if sizes[i] and sizes[j]]
    size = sizes[np.array(todo, dtype=int).reshape(-1, 2)].sum(axis=1)
    threads = min(thread_count(), len(todo)) if size.max(initial=0) <= SMALL and (size**2).sum() >= GATE else 1
    with single_threaded_blas():  # once, rather than in each solver
        run([lambda k=k: work(todo[k::threads]) for k in range(threads)]) if threads > 1 else work(todo)
    coef = np.zeros((len(sizes) - 1, sample.ends[-1]))
    intercept = np.array([float(sizes[i] > 0) - float(sizes[j] > 0) for i, j in pairs])
    for p, (i, j) in enumerate(pairs):
        if (i, j) in fits:
            first = sizes[i]
            intercept[p] = fits[i, j].intercept
            coef[j - 1, sample.ends[i] : sample.ends[i + 1]] = fits[i, j].beta[:first]
            coef[i, sample.ends[j] : sample.ends[j + 1]] = fits[i, j].beta[first:]
    return Machines(coef, intercept, [fits[pair] for pair in todo])


def pair_coefficients(coef: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """A column of coefficients for each pair: for few classes one product with them is faster than one a class.

    Parameters
    ----------
    coef : ndarray of shape (K - 1, m)
        Coefficients in the layout above.
    ends : ndarray of shape (K + 1,)
        Class k has the columns ends[k] to ends[k + 1].

    Returns
    -------
    ndarray of shape (m, K (K - 1) / 2)
        Zero outside the two classes of a pair.
    """
    pairs = pairs_of(len(ends) - 1)
    found = np.zeros((ends[-1], len(pairs)))
    for p, (i, j) in enumerate(pairs):
        for k, row in ((i, j - 1), (j, i)):
            found[ends[k] : ends[k + 1], p] = coef[row, ends[k] : ends[k + 1]]
    return found


def pair_values(by_class: list[np.ndarray], intercept: np.ndarray) -> np.ndarray:
    """Decision values of all pairs.

    Parameters
    ----------
    by_class : list of ndarray of shape (n, K - 1)
        For each class, the kernel expansion over its support vectors with each of their coefficients.
    intercept : ndarray of shape (K (K - 1) / 2,)
        b of each pair.

    Returns
    -------
    ndarray of shape (n, K (K - 1) / 2)
        Positive for the first class of the pair.
    """
    values = np.empty((len(by_class[0]), len(intercept)))
    for p, (i, j) in enumerate(pairs_of(len(by_class))):
        np.add(by_class[i][:, j - 1], by_class[j][:, i], out=values[:, p])
    values += intercept
    return values


def votes(first: np.ndarray, classes: int) -> np.ndarray:
    """Votes of the pairs for each class.

    Parameters
    ----------
    first : ndarray of bool of shape (n, K (K - 1) / 2)
        Whether a pair votes for its first class.
    classes : int
        K.

    Returns
    -------
    ndarray of shape (n, K)
        Number of votes.

    Examples
    --------
    >>> votes(np.array([[True, False, False]]), 3)
    array([[1., 0., 2.]])
    """
    ballot = _ballot(classes)
    return first @ ballot.clip(min=0.0) - (~first) @ ballot.clip(max=0.0)


def one_vs_rest(values: np.ndarray, classes: int) -> np.ndarray:
    """A value for each class: its votes, and within equal votes the sum of its decision values.

    Parameters
    ----------
    values : ndarray of shape (n, K (K - 1) / 2)
        Decision values of the pairs.
    classes : int
        K.

    Returns
    -------
    ndarray of shape (n, K)
        Votes plus a number between -1/3 and 1/3 that grows with the sum.
    """
    total = values @ _ballot(classes)
    return votes(values >= 0, classes) + total / (3 * (np.abs(total) + 1))


def _ballot(classes: int) -> np.ndarray:
    """For each pair a row with 1 at its first class and -1 at its second."""
    pairs = np.array(pairs_of(classes))
    ballot = np.zeros((len(pairs), classes))
    rows = np.arange(len(pairs))
    ballot[rows, pairs[:, 0]], ballot[rows, pairs[:, 1]] = 1.0, -1.0
    return ballot
