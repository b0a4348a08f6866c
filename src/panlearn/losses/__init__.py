"""Losses: value, residual (gradient in the raw prediction), curvature and inverse link, vectorised over rows."""

from panlearn.losses.cross_entropy import BinaryCrossEntropy, SoftmaxCrossEntropy
from panlearn.losses.exponential_family import Binomial, ExponentialFamilyLoss, NegativeBinomial, PowerVariance
from panlearn.losses.links import Cloglog, Identity, Log, Logit, Power, Probit

__all__ = [
    "BinaryCrossEntropy",
    "Binomial",
    "Cloglog",
    "ExponentialFamilyLoss",
    "Identity",
    "Log",
    "Logit",
    "NegativeBinomial",
    "Power",
    "PowerVariance",
    "Probit",
    "SoftmaxCrossEntropy",
]
