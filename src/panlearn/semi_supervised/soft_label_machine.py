"""Which solver of `soft_label_svm` fits kernel, loss and shape.

| loss, kernel                          | solver                                          | memory                |
|---------------------------------------|-------------------------------------------------|-----------------------|
| squared hinge, linear                 | Newton in the primal (`soft_label_newton`)      | X                     |
| the same, few rows and more columns   | Newton on the Gram matrix (`soft_label_kernel`) | 16 n^2 bytes          |
| squared hinge, any other              | Newton on the Gram matrix                       | 16 n^2 bytes          |
| hinge                                 | dual (`soft_label_dual`)                        | a cache of given size |
"""

from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.utils.validation import assert_all_finite

from panlearn.core.errors import DataError
from panlearn.semi_supervised.soft_label_dual import DualMachine
from panlearn.semi_supervised.soft_label_kernel import KernelMachine
from panlearn.semi_supervised.soft_label_newton import LinearMachine
from panlearn.semi_supervised.soft_label_svm import Machine
from panlearn.svm.kernel_function import KernelFunction, kernel_matrix

GRAM_ROWS = 20_000  # most rows of a Gram matrix: 3.2 GB, and as much for its factor
FEW_ROWS = 2000  # up to which a Gram matrix is faster than products with many columns, or than a cache


def machine_of(kernel: KernelFunction, X: Any, loss: str, *, many_fits: bool, cache_size: float) -> Machine:
    """The solver for rows X.

    Parameters
    ----------
    kernel : KernelFunction
        The kernel; of "precomputed", X is the kernel matrix.
    X : ndarray or CSR of shape (n, p)
        Rows.
    loss : {"squared_hinge", "hinge"}
        The loss.
    many_fits : bool
        Whether thousands of fits to few rows are to come, for which a Gram matrix pays.
    cache_size : float
        Megabytes of kernel rows, for the hinge on more rows than `FEW_ROWS`.

    Returns
    -------
    Machine

    Raises
    ------
    DataError
        If the kernel matrix is too large.
    """
    (n, p), X = X.shape, X.astype(np.float64, copy=False)
    squared = loss == "squared_hinge"
    if squared and kernel.name == "linear" and not (n <= FEW_ROWS and (many_fits or p > n)):
        return LinearMachine(X)
    if squared and n > GRAM_ROWS:
        raise DataError(
            f"{n} rows make a kernel matrix of {8e-9 * n * n:.0f} GB. Use kernel='linear', perhaps on the features of "
            f"sklearn.kernel_approximation.Nystroem, loss='hinge', or at most {GRAM_ROWS} rows."
        )
    if squared:
        return KernelMachine(gram_of(kernel, X))
    precomputed = kernel.name in ("precomputed", "callable")
    return DualMachine(kernel, X, gram_of(kernel, X) if precomputed or n <= FEW_ROWS else None, cache_size=cache_size)


def gram_of(kernel: KernelFunction, X: Any) -> np.ndarray:
    """Kernel values of all pairs of rows, (n, n)."""
    gram = kernel_matrix(kernel, X, None if kernel.name == "precomputed" else X)
    assert_all_finite(gram, input_name="The kernel matrix")
    return np.ascontiguousarray(gram, dtype=np.float64)


def scaled_gamma(gamma: str | float, kernel: Any, X: Any, weight: np.ndarray) -> float:
    """Gamma as a number; a row of weight 2 counts twice in the variance of "scale".

    Examples
    --------
    >>> import numpy as np
    >>> scaled_gamma("scale", "rbf", np.array([[0.0], [2.0]]), np.ones(2))
    1.0
    """
    p = X.shape[1]
    if gamma == "auto":
        return 1.0 / p
    if gamma != "scale":
        return float(gamma)
    share = weight / weight.sum()
    square = X.multiply(X) if issparse(X) else np.square(X, dtype=np.float64)
    mean = float((X.T @ share).sum()) / p
    variance = max(0.0, float((square.T @ share).sum()) / p - mean**2)
    spread = float(np.sqrt(variance) if kernel == "laplacian" else variance)
    return 1.0 / (p * spread) if spread > 0 else 1.0
