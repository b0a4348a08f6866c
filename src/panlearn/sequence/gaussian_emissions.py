"""Gaussian emissions of a hidden Markov model: in state j the frame is drawn from N(μ_j, Σ_j).

`gaussian_densities` has likelihoods and statistics, `gaussian_estimates` the M step. Covariances may be spherical,
diag, full, or tied: one for all states. Course notes: 004 §11.
"""

from typing import NamedTuple

import numpy as np

from panlearn.sequence import gaussian_densities as densities
from panlearn.sequence import gaussian_estimates as estimates
from panlearn.sequence.frames import shifted_exp
from panlearn.sequence.gaussian_densities import Gaussians, Moments
from panlearn.sequence.gaussian_estimates import GaussianPrior


class GaussianEmissions(NamedTuple):
    """One Gaussian a state; see `panlearn.sequence.emissions`."""

    kind: str  # covariance_type
    model: Gaussians  # means and covariances of the N states
    floor: np.ndarray  # (p,) that the variances exceed

    def log_likelihood(self, X: np.ndarray) -> np.ndarray:
        """Log-densities log N(x_t | i), (n, N); numbers that are NaN are left out."""
        return densities.log_densities(self.model, X)

    def likelihood(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Likelihoods with the largest of a row taken out, and its logarithm."""
        logs = densities.log_densities(self.model, X, passing=True)
        return shifted_exp(logs)  # not in place: one array under two names keeps the loop from being vectorised

    def statistics(self, X: np.ndarray, marginals: np.ndarray) -> Moments:
        """Moments about the means."""
        return densities.moments(self.model, X, marginals)

    def maximise(self, statistics: Moments, priors: GaussianPrior) -> "GaussianEmissions":
        """The M step."""
        model = estimates.maximised(self.kind, self.model, statistics, priors, self.floor)
        return self._replace(model=model)

    def log_prior(self, priors: GaussianPrior) -> float:
        """Log-density of the prior, up to a constant."""
        return estimates.log_prior(self.kind, self.model, priors)

    def n_parameters(self) -> int:
        """Free parameters of means and covariances."""
        N, p = self.model.means.shape
        return (
            N * p + {"spherical": N, "diag": N * p, "full": N * p * (p + 1) // 2, "tied": p * (p + 1) // 2}[self.kind]
        )

    def draw(self, states: np.ndarray, rng: np.random.RandomState) -> np.ndarray:
        """One row for each state."""
        return densities.draw(self.model, states, rng)
