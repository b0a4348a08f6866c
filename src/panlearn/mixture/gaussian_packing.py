"""Coordinates in which a Gaussian mixture may take any value: what SQUAREM's jumps need [varadhan2008].

Weights by their logs (normalised again on the way back), means as they are, covariances by their Cholesky factors with
the logs of the diagonals: whatever vector a jump arrives at, it is a mixture.
"""

import numpy as np
from scipy.linalg import solve_triangular

from panlearn.mixture.gaussian_parameters import GaussianParameters, is_matrix
from panlearn.optimize.em import Packing


def packing(kind: str) -> Packing[GaussianParameters]:
    """Coordinates for a covariance type."""
    shapes: list[tuple[int, ...]] = []
    last: list[np.ndarray] = []

    def pack(parameters: GaussianParameters) -> np.ndarray:
        weights, means, covariances, _, added = parameters
        shapes[:], last[:] = [means.shape, covariances.shape], [added]
        if is_matrix(kind):
            shape_part = np.linalg.cholesky(covariances)
            diagonal = np.einsum("...ii->...i", shape_part)
            diagonal[:] = np.log(diagonal)
        else:
            shape_part = np.log(covariances)
        with np.errstate(divide="ignore"):  # a component without rows stops the jumps
            return np.concatenate([np.log(weights), means.ravel(), shape_part.ravel()])

    def unpack(vector: np.ndarray) -> GaussianParameters:
        (k, d), shape = shapes
        logs, means, rest = vector[:k], vector[k : k + k * d].reshape(k, d), vector[k + k * d :].reshape(shape)
        weights = np.exp(logs - logs.max())
        weights /= weights.sum()
        if not is_matrix(kind):
            return GaussianParameters(weights, means, np.exp(rest), np.exp(-rest / 2), last[0])
        rest = np.tril(rest)
        diagonal = np.einsum("...ii->...i", rest)
        diagonal[:] = np.exp(diagonal)
        factors = np.stack([solve_triangular(L, np.eye(d), lower=True).T for L in rest.reshape(-1, d, d)]).reshape(
            shape
        )
        return GaussianParameters(weights, means, rest @ np.swapaxes(rest, -1, -2), factors, last[0])

    return Packing(pack, unpack)
