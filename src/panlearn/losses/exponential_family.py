"""Losses of generalised linear models: an exponential dispersion family and a link [nelder1972], [mccullagh1989].

A family is its variance function: Var(y) = phi V(mu), phi the dispersion. Half its unit deviance is, up to a function
of y, minus the log-likelihood at phi = 1, and has one derivative for all families:

    loss(z, y) = d(y, mu)/2,     dloss/dmu = (mu - y) / V(mu),     mu = h(z)
    dloss/dz   = (mu - y) h'(z) / V(mu)
    curvature  = h'(z)^2 / V(mu)        expected over y (Fisher scoring), positive whatever the link

| family                          | V(mu)            | y       | link of "auto" | canonical       | phi          |
|---------------------------------|------------------|---------|----------------|-----------------|--------------|
| `normal`                        | 1                | any     | identity       | identity        | estimated    |
| `poisson`                       | mu               | >= 0    | log            | log             | 1            |
| `gamma`, `exponential`          | mu^2             | > 0     | log            | inverse         | estimated, 1 |
| `inverse-gaussian`              | mu^3             | > 0     | log            | inverse-squared | estimated    |
| `tweedie`, power p in (1, 2)    | mu^p             | >= 0    | log            | mu^(1-p)        | estimated    |
| `binomial`                      | mu (1 - mu)      | [0, 1]  | logit          | logit           | 1            |
| `negative-binomial`, theta      | mu + theta mu^2  | >= 0    | log            | log (usual)     | 1            |

The first five are `PowerVariance(p)` with p = 0, 1, 2, 3 and p [jorgensen1987]. With the log link and 1 <= p <= 2 the
loss is convex and its exact curvature is used, which makes Newton's method quadratic; elsewhere the expected one.

Course notes: 003 §1.7.3-1.7.4.
"""

from typing import Any, NamedTuple

import numpy as np
from scipy.special import gammaln, log_wright_bessel, xlog1py, xlogy

from panlearn.core.errors import DataError
from panlearn.losses.links import LINKS, Identity, Link, Log, Logit, Power

EDGE = np.finfo(np.float64).eps  # probabilities stay this far from 0 and 1


class PowerVariance(NamedTuple):
    """The families with V(mu) = mu^p: normal, Poisson, gamma, inverse Gaussian, and Tweedie's between them."""

    power: float
    dispersion: float | None = None  # phi where the family fixes it; None: estimated

    @property
    def name(self) -> str:
        """Textbook name."""
        if self == PowerVariance(2.0, 1.0):
            return "Exponential"
        known = {0.0: "Normal", 1.0: "Poisson", 2.0: "Gamma", 3.0: "InverseGaussian"}
        return known.get(float(self.power), f"Tweedie({self.power:g})")

    @property
    def allowed(self) -> str:
        """The y of this family, in words."""
        return "any number" if self.power <= 0 else "at least 0" if self.power < 2 else "above 0"

    def allows(self, y: np.ndarray) -> bool:
        """Whether every y can come from this family."""
        return self.power <= 0 or bool((y >= 0).all() if self.power < 2 else (y > 0).all())

    def contains(self, mu: np.ndarray) -> np.ndarray:
        """Where mu can be a mean."""
        return np.isfinite(mu) if self.power == 0 else (mu > 0) & (mu < np.inf)

    def link(self, canonical: bool = False) -> Link:
        """The usual or the canonical link."""
        if canonical:
            return {0.0: Identity(), 1.0: Log()}.get(float(self.power), Power(1.0 - self.power))
        return Identity() if self.power <= 0 else Log()

    def variance(self, mu: np.ndarray) -> np.ndarray:
        """V(mu)."""
        return mu**self.power

    def variance_slope(self, mu: np.ndarray) -> np.ndarray:
        """dV/dmu."""
        return self.power * mu ** (self.power - 1.0)

    def values(self, y: np.ndarray, mu: np.ndarray) -> np.ndarray:
        """Half the unit deviance without what depends on y alone."""
        p = self.power
        if p == 0:
            return 0.5 * (y - mu) ** 2
        if p == 1:
            return mu - xlogy(y, mu)
        if p == 2:
            return y / mu + np.log(mu)
        return mu ** (2.0 - p) / (2.0 - p) - y * mu ** (1.0 - p) / (1.0 - p)

    def saturated(self, y: np.ndarray) -> np.ndarray:
        """The least of `values` over mu, reached at mu = y."""
        p = self.power
        if p in (0, 1, 2):
            return np.zeros_like(y) if p == 0 else y - xlogy(y, y) if p == 1 else 1.0 + np.log(y)
        if p < 0:  # mu > 0 though y may be negative: the least value is then approached at mu = 0
            return np.maximum(y, 0.0) ** (2.0 - p) * (1.0 / (2.0 - p) - 1.0 / (1.0 - p))
        return y ** (2.0 - p) * (1.0 / (2.0 - p) - 1.0 / (1.0 - p))

    def log_likelihood(self, y: np.ndarray, mu: np.ndarray, weight: np.ndarray, phi: float) -> np.ndarray | None:
        """Log-density of each row with variance phi V(mu) / weight; None where there is no formula."""
        p, scale = self.power, phi / weight
        if p == 0:
            return -0.5 * ((y - mu) ** 2 / scale + np.log(2 * np.pi * scale))
        if p == 1:
            return weight / phi * (xlogy(y, mu) - mu - gammaln(y + 1.0))
        if p == 2:
            return (np.log(y / (mu * scale)) - y / mu) / scale - gammaln(1.0 / scale) - np.log(y)
        if p == 3:
            return -0.5 * ((y - mu) ** 2 / (scale * y * mu**2) + np.log(2 * np.pi * scale * y**3))
        return _tweedie_log_density(y, mu, scale, p) if 1 < p < 2 else None


def _tweedie_log_density(y: np.ndarray, mu: np.ndarray, scale: np.ndarray, p: float) -> np.ndarray:
    """A Poisson number of gamma amounts: a point mass at 0, and Wright's Bessel function above [dunn2005]."""
    a = (2.0 - p) / (p - 1.0)
    density = (y * mu ** (1.0 - p) / (1.0 - p) - mu ** (2.0 - p) / (2.0 - p)) / scale
    z = np.where(y > 0, y, 1.0)
    x = z**a / ((p - 1.0) ** a * (2.0 - p) * scale ** (1.0 + a))
    return density + np.where(y > 0, log_wright_bessel(a, 0.0, x) - np.log(z), 0.0)


class Binomial(NamedTuple):
    """Shares y of successes in `weight` trials: V(mu) = mu (1 - mu)."""

    dispersion: float | None = 1.0

    name = "Binomial"
    allowed = "in the range [0, 1]"

    def allows(self, y: np.ndarray) -> bool:
        """Whether every y can come from this family."""
        return bool(((y >= 0) & (y <= 1)).all())

    def contains(self, mu: np.ndarray) -> np.ndarray:
        """Where mu can be a mean."""
        return (mu >= 0) & (mu <= 1)

    def link(self, canonical: bool = False) -> Link:
        """The logit, usual and canonical."""
        return Logit()

    def variance(self, mu: np.ndarray) -> np.ndarray:
        """V(mu)."""
        mu = np.clip(mu, EDGE, 1.0 - EDGE)
        return mu * (1.0 - mu)

    def variance_slope(self, mu: np.ndarray) -> np.ndarray:
        """dV/dmu."""
        return 1.0 - 2.0 * mu

    def values(self, y: np.ndarray, mu: np.ndarray) -> np.ndarray:
        """Half the unit deviance without what depends on y alone."""
        mu = np.clip(mu, EDGE, 1.0 - EDGE)
        return -xlogy(y, mu) - xlog1py(1.0 - y, -mu)

    def saturated(self, y: np.ndarray) -> np.ndarray:
        """The least of `values` over mu."""
        return -xlogy(y, y) - xlog1py(1.0 - y, -y)

    def log_likelihood(self, y: np.ndarray, mu: np.ndarray, weight: np.ndarray, phi: float) -> np.ndarray | None:
        """Log-probability of y * weight successes in weight trials."""
        k = y * weight
        ways = gammaln(weight + 1.0) - gammaln(k + 1.0) - gammaln(weight - k + 1.0)
        whole = (weight == np.rint(weight)) & (weight > 1)  # weights of single trials are no numbers of trials
        return np.where(whole, ways, 0.0) - weight * self.values(y, mu)


class NegativeBinomial(NamedTuple):
    """Counts with more spread than Poisson's: V(mu) = mu + theta mu^2 (R's theta is 1/theta)."""

    theta: float = 1.0
    dispersion: float | None = 1.0

    allowed = "at least 0"

    @property
    def name(self) -> str:
        """Textbook name."""
        return f"NegativeBinomial({self.theta:g})"

    def allows(self, y: np.ndarray) -> bool:
        """Whether every y can come from this family."""
        return bool((y >= 0).all())

    def contains(self, mu: np.ndarray) -> np.ndarray:
        """Where mu can be a mean."""
        return (mu > 0) & (mu < np.inf)

    def link(self, canonical: bool = False) -> Link:
        """The log link: the canonical one, log(mu / (mu + 1/theta)), bounds z from above and is not used."""
        return Log()

    def variance(self, mu: np.ndarray) -> np.ndarray:
        """V(mu)."""
        return mu * (1.0 + self.theta * mu)

    def variance_slope(self, mu: np.ndarray) -> np.ndarray:
        """dV/dmu."""
        return 1.0 + 2.0 * self.theta * mu

    def values(self, y: np.ndarray, mu: np.ndarray) -> np.ndarray:
        """Half the unit deviance without what depends on y alone."""
        return (y + 1.0 / self.theta) * np.log1p(self.theta * mu) - xlogy(y, mu)

    def saturated(self, y: np.ndarray) -> np.ndarray:
        """The least of `values` over mu."""
        return (y + 1.0 / self.theta) * np.log1p(self.theta * y) - xlogy(y, y)

    def log_likelihood(self, y: np.ndarray, mu: np.ndarray, weight: np.ndarray, phi: float) -> np.ndarray | None:
        """Log-probability of each count, times its weight."""
        r = 1.0 / self.theta
        ways = gammaln(y + r) - gammaln(r) - gammaln(y + 1.0) + xlogy(y, self.theta)
        return weight / phi * (ways - self.values(y, mu))


Family = PowerVariance | Binomial | NegativeBinomial
FAMILIES: dict[str, Family] = {
    "normal": PowerVariance(0.0),
    "poisson": PowerVariance(1.0, 1.0),
    "gamma": PowerVariance(2.0),
    "exponential": PowerVariance(2.0, 1.0),
    "inverse-gaussian": PowerVariance(3.0),
    "tweedie": PowerVariance(1.5),
    "binomial": Binomial(),
    "negative-binomial": NegativeBinomial(),
}


class ExponentialFamilyLoss(NamedTuple):
    """Half the unit deviance as a function of the linear predictor; infinite where mu leaves the family's domain."""

    family: Any
    link: Any

    def mean(self, z: np.ndarray) -> np.ndarray:
        """The mean mu = h(z)."""
        return self.link.inverse(z)

    @property
    def convex(self) -> bool:
        """Whether the exact curvature is used, being nonnegative everywhere and simple."""
        family, link = self.family, self.link
        if isinstance(family, PowerVariance):
            return isinstance(link, Log) and 1 <= family.power <= 2
        return isinstance(family, Binomial) and isinstance(link, Logit)

    def values(self, z: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Loss of each row, (n,), without what depends on y alone."""
        return self.up_to(0, z, y)[0]

    def derivatives(self, z: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Loss of each row and its two derivatives in z; the second is the expected one if not `convex`."""
        values, first, second = self.up_to(2, z, y)
        return values, first, second

    def up_to(self, order: int, z: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, ...]:
        """Loss of each row and its derivatives in z up to the order."""
        family, link = self.family, self.link
        with np.errstate(all="ignore"):
            if isinstance(link, Log) and isinstance(family, PowerVariance) and family.power != 0:
                found = _power_with_log_link(z, y, family.power, order)
            elif isinstance(link, Logit) and isinstance(family, Binomial):
                mu = link.inverse(z)
                found = (np.logaddexp(0.0, z) - y * z, mu - y, mu * (1.0 - mu))[: order + 1]
            else:
                mu = link.inverse(z)
                values = np.where(family.contains(mu), family.values(y, mu), np.inf)
                found = (values, *self._derivatives(z, y, mu)[:order]) if order else (values,)
            return (np.where(np.isnan(found[0]), np.inf, found[0]), *found[1:])

    def _derivatives(self, z: np.ndarray, y: np.ndarray, mu: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        slope = self.link.slope(z, mu)
        scaled = slope / self.family.variance(mu)
        return (mu - y) * scaled, slope * scaled

    def expected(self, z: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Curvature expected over y: the weights of Fisher scoring."""
        if isinstance(self.link, Log) and isinstance(self.family, PowerVariance):
            return np.exp((2.0 - self.family.power) * z)  # mu^2 / mu^p, where either may overflow
        return self._derivatives(z, y, self.mean(z))[1]

    def observed(self, z: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Exact second derivative in z."""
        mu = self.mean(z)
        v, slope = self.family.variance(mu), self.link.slope(z, mu)
        curved = 1.0 / v - (mu - y) * self.family.variance_slope(mu) / v**2
        return slope**2 * curved + (mu - y) / v * self.link.bend(z, mu)

    def deviances(self, z: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Unit deviance of each row: twice what the loss lacks to its least value."""
        return np.maximum(2.0 * (self.values(z, y) - self.family.saturated(y)), 0.0)


def _power_with_log_link(z: np.ndarray, y: np.ndarray, p: float, order: int) -> tuple[np.ndarray, ...]:
    """The losses that PowerVariance has with the log link, from exponentials of z alone."""
    if p == 1:
        mu = np.exp(z)
        return (mu - y * z, mu - y, mu)[: order + 1]
    if p == 2:
        ratio = y * np.exp(-z)
        return (ratio + z, 1.0 - ratio, ratio)[: order + 1]
    a, b = y * np.exp((1.0 - p) * z), np.exp((2.0 - p) * z)
    value = b / (2.0 - p) - a / (1.0 - p)
    exact = (2.0 - p) * b + (p - 1.0) * a
    return (value, b - a, exact if 1 < p < 2 else b)[: order + 1]


def family_of(family: Any, *, power: float | None = None, theta: float | None = None) -> Family:
    """The family of a name, or the family itself.

    Parameters
    ----------
    family : str or Family
        A name of `FAMILIES`, or an instance.
    power : float, optional
        Of "tweedie".
    theta : float, optional
        Of "negative-binomial".

    Returns
    -------
    Family

    Raises
    ------
    DataError
        If the name or a parameter of the family is out of range.

    Examples
    --------
    >>> family_of("tweedie", power=1.7).name, family_of("exponential").dispersion
    ('Tweedie(1.7)', 1.0)
    """
    found = FAMILIES.get(family) if isinstance(family, str) else family
    if not isinstance(found, PowerVariance | Binomial | NegativeBinomial):
        raise DataError(f"family must be one of {', '.join(FAMILIES)}, or an instance of a family. Got {family!r}.")
    if family == "tweedie" and power is not None:
        found = PowerVariance(float(power))
    if family == "negative-binomial" and theta is not None:
        found = NegativeBinomial(float(theta))
    if isinstance(found, PowerVariance) and not (-np.inf < found.power <= 0 or 1 <= found.power < np.inf):
        raise DataError(f"power must be finite and not in (0, 1), where no family exists. Got {found.power}.")
    if isinstance(found, NegativeBinomial) and not found.theta > 0:
        raise DataError(f"theta must be in the range (0, inf). Got {found.theta}; use family='poisson' for 0.")
    return found


def link_of(link: Any, family: Family) -> Link:
    """The link of a name for a family, or the link itself.

    Raises
    ------
    DataError
        If there is no such link.
    """
    if isinstance(link, str):
        if link in ("auto", "canonical"):
            return family.link(link == "canonical")
        if link in LINKS:
            return LINKS[link]
    elif hasattr(link, "inverse") and hasattr(link, "slope"):
        return link
    raise DataError(f"link must be 'auto', 'canonical', one of {', '.join(LINKS)}, or Power(k). Got {link!r}.")
