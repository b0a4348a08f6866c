"""Mixtures of Gaussians as emissions: in state j the frame comes from one of M bells [juang1985].

    b_j(x) = Σ_m w_jm N(x | μ_jm, Σ_jm)            r_tjm = γ_t(j) w_jm N(x_t | μ_jm, Σ_jm) / b_j(x_t)

The component is one more latent variable, within the state's share γ of the frame. So the K = N M Gaussians have
the statistics and the M step of `gaussian_densities` and `gaussian_estimates` with the shares r, and

    w_jm ∝ Σ_t r_tjm + (α_jm − 1).

Cost of a frame: N M p multiply-adds, p² / 2 for p with matrices, and N M exponentials. Course notes: 004 §11, §10.
"""

from typing import NamedTuple

import numpy as np

from panlearn.sequence import gaussian_densities as densities
from panlearn.sequence import gaussian_estimates as estimates
from panlearn.sequence.frames import shifted_exp
from panlearn.sequence.gaussian_densities import Gaussians, Moments
from panlearn.sequence.gaussian_estimates import GaussianPrior

LOWEST = -1e300  # below the logarithm of every float: −inf less −inf is not a number


class MixturePrior(NamedTuple):
    """Prior of weights and Gaussians."""

    weights: np.ndarray  # (N, M): Dirichlet
    gaussians: GaussianPrior
    params: str  # letters of what is updated: "w" weights, "m" means, "c" covariances


class MixtureEmissions(NamedTuple):
    """A mixture of M Gaussians for each of N states; see `panlearn.sequence.emissions`."""

    kind: str  # covariance_type; "tied" is one matrix for each state
    weights: np.ndarray  # (N, M)
    model: Gaussians  # the N M components, state by state
    floor: np.ndarray  # (p,) that the variances exceed

    def _joint(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Log-likelihoods (n, N), and shares of the components within their states, (n, N, M)."""
        with np.errstate(divide="ignore"):  # a component without rows
            logs = densities.log_densities(self.model, X) + np.log(self.weights).reshape(-1)
        logs = logs.reshape(len(X), *self.weights.shape)
        top = np.maximum(logs.max(axis=2, keepdims=True), LOWEST)
        shares = np.exp(np.subtract(logs, top, out=logs), out=logs)
        total = shares.sum(axis=2, keepdims=True)
        shares /= np.where(total > 0, total, 1.0)
        with np.errstate(divide="ignore"):
            return (top + np.log(total))[:, :, 0], shares

    def log_likelihood(self, X: np.ndarray) -> np.ndarray:
        """Log-likelihoods log b_i(x_t), (n, N); numbers that are NaN are left out."""
        return self._joint(X)[0]

    def likelihood(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Likelihoods with the largest of a row taken out, and its logarithm."""
        logs = np.ascontiguousarray(self._joint(X)[0])
        return shifted_exp(logs)  # not in place: one array under two names keeps the loop from being vectorised

    def statistics(self, X: np.ndarray, marginals: np.ndarray) -> Moments:
        """Moments of the components about their means."""
        shares = self._joint(X)[1]
        shares *= marginals[:, :, None]
        return densities.moments(self.model, X, shares.reshape(len(X), -1))

    def maximise(self, statistics: Moments, priors: MixturePrior) -> "MixtureEmissions":
        """The M step; a state without rows keeps its weights."""
        weights = self.weights
        if "w" in priors.params:
            counts = np.maximum(statistics.counts.reshape(weights.shape) + priors.weights - 1.0, 0.0)
            total = counts.sum(axis=1, keepdims=True)
            weights = np.where(total > 0, counts / np.where(total > 0, total, 1.0), weights)
        model = estimates.maximised(
            self.kind, self.model, statistics, priors.gaussians._replace(params=priors.params), self.floor
        )
        return self._replace(weights=weights, model=model)

    def log_prior(self, priors: MixturePrior) -> float:
        """Log-density of the prior, up to a constant."""
        value, excess = (
            estimates.log_prior(self.kind, self.model, priors.gaussians._replace(params=priors.params)),
            priors.weights - 1.0,
        )
        if "w" in priors.params and excess.any():
            positive = self.weights > 0
            value += float(excess[positive] @ np.log(self.weights[positive]))
        return value

    def n_parameters(self) -> int:
        """Free parameters of weights, means and covariances."""
        (N, M), p = self.weights.shape, self.model.means.shape[1]
        K, matrix = N * M, p * (p + 1) // 2
        return N * (M - 1) + K * p + {"spherical": K, "diag": K * p, "full": K * matrix, "tied": N * matrix}[self.kind]

    def draw(self, states: np.ndarray, rng: np.random.RandomState) -> np.ndarray:
        """One row for each state: first the component, then the row."""
        M = self.weights.shape[1]
        chance = rng.random_sample(len(states))[:, None]
        component = np.minimum((np.cumsum(self.weights, axis=1)[states] <= chance).sum(axis=1), M - 1)
        return densities.draw(self.model, states * M + component, rng)
