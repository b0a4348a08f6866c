"""Link functions: z = g(mu) maps the mean of a response to the scale on which a model is linear [nelder1972].

| link       | z = g(mu)             | mu = h(z)            | dmu/dz            | natural for                |
|------------|-----------------------|----------------------|-------------------|----------------------------|
| `Identity` | mu                    | z                    | 1                 | normal (canonical)         |
| `Log`      | log mu                | exp z                | mu                | Poisson (canonical), gamma |
| `Logit`    | log(mu / (1 - mu))    | 1 / (1 + exp(-z))    | mu (1 - mu)       | binomial (canonical)       |
| `Probit`   | Phi^-1(mu)            | Phi(z)               | phi(z)            | a threshold on a normal    |
| `Cloglog`  | log(-log(1 - mu))     | 1 - exp(-exp z)      | exp(z - exp z)    | time to a first event      |
| `Power(k)` | mu^k                  | z^(1/k)              | mu / (k z)        | k = -1: gamma (canonical)  |

`Power(-1)` is the inverse link and `Power(-2)` the canonical one of the inverse Gaussian; both need z > 0. Outside its
range an inverse link returns NaN, which a loss takes for "not in the domain", never for a result.

Course notes: 003 §1.7.4 (link function and natural parameter).
"""

from typing import NamedTuple, Protocol

import numpy as np
from scipy.special import expit, logit, ndtr, ndtri


class Link(Protocol):
    """What a loss asks of a link. Arrays of any shape; `mu` is `inverse(z)`."""

    def link(self, mu: np.ndarray) -> np.ndarray:
        """The linear predictor z of a mean."""
        ...

    def inverse(self, z: np.ndarray) -> np.ndarray:
        """The mean mu of a linear predictor."""
        ...

    def slope(self, z: np.ndarray, mu: np.ndarray) -> np.ndarray:
        """dmu/dz."""
        ...

    def bend(self, z: np.ndarray, mu: np.ndarray) -> np.ndarray:
        """d2mu/dz2."""
        ...


class Identity(NamedTuple):
    """The linear predictor z = mu."""

    def link(self, mu: np.ndarray) -> np.ndarray:
        """The linear predictor of a mean."""
        return mu

    def inverse(self, z: np.ndarray) -> np.ndarray:
        """The mean of a linear predictor."""
        return z

    def slope(self, z: np.ndarray, mu: np.ndarray) -> np.ndarray:
        """One."""
        return np.ones_like(z)

    def bend(self, z: np.ndarray, mu: np.ndarray) -> np.ndarray:
        """Zero."""
        return np.zeros_like(z)


class Log(NamedTuple):
    """The linear predictor z = log mu: effects multiply."""

    def link(self, mu: np.ndarray) -> np.ndarray:
        """The linear predictor of a mean."""
        return np.log(mu)

    def inverse(self, z: np.ndarray) -> np.ndarray:
        """The mean of a linear predictor."""
        return np.exp(z)

    def slope(self, z: np.ndarray, mu: np.ndarray) -> np.ndarray:
        """The mean itself."""
        return mu

    def bend(self, z: np.ndarray, mu: np.ndarray) -> np.ndarray:
        """The mean itself."""
        return mu


class Logit(NamedTuple):
    """The linear predictor z = log(mu / (1 - mu)): log-odds."""

    def link(self, mu: np.ndarray) -> np.ndarray:
        """The linear predictor of a mean."""
        return logit(mu)

    def inverse(self, z: np.ndarray) -> np.ndarray:
        """The mean of a linear predictor."""
        return expit(z)

    def slope(self, z: np.ndarray, mu: np.ndarray) -> np.ndarray:
        """The binomial variance mu (1 - mu)."""
        return mu * (1.0 - mu)

    def bend(self, z: np.ndarray, mu: np.ndarray) -> np.ndarray:
        """Derivative of the slope."""
        return mu * (1.0 - mu) * (1.0 - 2.0 * mu)


class Probit(NamedTuple):
    """The linear predictor z = Phi^-1(mu), Phi the distribution function of the standard normal."""

    def link(self, mu: np.ndarray) -> np.ndarray:
        """The linear predictor of a mean."""
        return ndtri(mu)

    def inverse(self, z: np.ndarray) -> np.ndarray:
        """The mean of a linear predictor."""
        return ndtr(z)

    def slope(self, z: np.ndarray, mu: np.ndarray) -> np.ndarray:
        """Density of the standard normal at z."""
        return np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)

    def bend(self, z: np.ndarray, mu: np.ndarray) -> np.ndarray:
        """Derivative of the density."""
        return -z * self.slope(z, mu)


class Cloglog(NamedTuple):
    """The linear predictor z = log(-log(1 - mu)), complementary log-log."""

    def link(self, mu: np.ndarray) -> np.ndarray:
        """The linear predictor of a mean."""
        return np.log(-np.log1p(-mu))

    def inverse(self, z: np.ndarray) -> np.ndarray:
        """The mean of a linear predictor."""
        return -np.expm1(-np.exp(z))

    def slope(self, z: np.ndarray, mu: np.ndarray) -> np.ndarray:
        """The product of exp z and 1 - mu."""
        return np.exp(z - np.exp(z))

    def bend(self, z: np.ndarray, mu: np.ndarray) -> np.ndarray:
        """Derivative of the slope."""
        return -self.slope(z, mu) * np.expm1(z)


class Power(NamedTuple):
    """The linear predictor z = mu^k, k not 0, for z > 0."""

    exponent: float = -1.0

    def link(self, mu: np.ndarray) -> np.ndarray:
        """The linear predictor of a mean."""
        return np.asarray(mu, dtype=np.float64) ** self.exponent

    def inverse(self, z: np.ndarray) -> np.ndarray:
        """The mean of a linear predictor; NaN for z <= 0."""
        return np.where(z > 0, np.asarray(z, dtype=np.float64), np.nan) ** (1.0 / self.exponent)

    def slope(self, z: np.ndarray, mu: np.ndarray) -> np.ndarray:
        """Mean over k z."""
        return mu / (self.exponent * z)

    def bend(self, z: np.ndarray, mu: np.ndarray) -> np.ndarray:
        """Derivative of the slope."""
        return (1.0 / self.exponent - 1.0) * mu / (self.exponent * z * z)


LINKS: dict[str, Link] = {
    "identity": Identity(),
    "log": Log(),
    "logit": Logit(),
    "probit": Probit(),
    "cloglog": Cloglog(),
    "inverse": Power(-1.0),
    "inverse-squared": Power(-2.0),
    "sqrt": Power(0.5),
}


def name_of_link(link: Link) -> str:
    """The name under which a link is known, or its own representation.

    Examples
    --------
    >>> name_of_link(Power(-1.0)), name_of_link(Power(0.25))
    ('inverse', 'Power(exponent=0.25)')
    """
    # tuples without fields are all equal: their types tell them apart
    return next((name for name, known in LINKS.items() if type(known) is type(link) and known == link), repr(link))
