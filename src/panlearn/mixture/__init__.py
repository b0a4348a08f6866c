"""Mixtures fitted by expectation-maximisation."""

from panlearn.mixture.bernoulli_mixture import BernoulliMixture
from panlearn.mixture.bic_selection import BicSelection, select_by_bic
from panlearn.mixture.categorical_mixture import CategoricalMixture
from panlearn.mixture.gaussian_mixture import GaussianMixture
from panlearn.optimize.em import em

__all__ = ["BernoulliMixture", "BicSelection", "CategoricalMixture", "GaussianMixture", "em", "select_by_bic"]
