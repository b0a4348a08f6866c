"""What a hidden Markov model asks of the distribution of its frames.

A hidden Markov model is a chain of states that nobody sees and, for each state i, a distribution p(x | i) of what is
seen. Only the second half differs between models, so it is one object, a NamedTuple of parameters, for which EM needs

    likelihood   b_t(i) = p(x_t | i) for all frames                                   E step: recursions turn b into
    statistics   Σ_t γ_t(i) s(x_t)      with marginals γ_t(i) = p(y_t = i | x)                marginals γ
    maximise     argmax over θ of Σ_t Σ_i γ_t(i) log p(x_t | i, θ) + log prior(θ)     M step: from the statistics alone

Statistics add over rows, so that they are computed block by block, on several threads. A state whose marginals are all
zero says nothing about its parameters: `maximise` leaves them as they are, rather than divide zero by zero.

A frame that was not observed (NaN) has likelihood 1 in every state, and adds nothing to the statistics: the chain
passes through it. Course notes: 004 §10, §11 [rabiner1989].
"""

from typing import Any, Protocol, Self

import numpy as np


class Emissions(Protocol):
    """A family of distributions, one for each of N states, with its parameters; methods do not change it."""

    def log_likelihood(self, X: np.ndarray, /) -> np.ndarray:
        """Log p(x_t | i), (n, N): -inf where impossible, 0 for frames that were not observed."""
        ...

    def likelihood(self, X: np.ndarray, /) -> tuple[np.ndarray, np.ndarray]:
        """p(x_t | i) exp(-shift_t), (n, N), C-contiguous; and shift (n,), mostly the rows' maxima.

        The array is the caller's to change, until the same thread asks again.
        """
        ...

    def statistics(self, X: np.ndarray, marginals: np.ndarray, /) -> Any:
        """Sums over rows weighted by the marginals (n, N): a NamedTuple of arrays, additive over rows."""
        ...

    def maximise(self, statistics: Any, priors: Any, /) -> Self:
        """The family at the parameters of the M step.

        `priors` is what the estimator's `_priors` returned: hyper-parameters, and the letters of the parameters that
        are to be updated (`params`); the others, and those of states without rows, stay as they are.
        """
        ...

    def log_prior(self, priors: Any, /) -> float:
        """What the M step maximises beside the expected log-likelihood, at these parameters; 0 without a prior.

        EM raises log-likelihood + log prior, and the engine checks it: constants may be left out, nothing else.
        """
        ...

    def n_parameters(self) -> int:
        """Number of free parameters."""
        ...

    def draw(self, states: np.ndarray, rng: np.random.RandomState, /) -> np.ndarray:
        """One row for each of the states, (n, p)."""
        ...
