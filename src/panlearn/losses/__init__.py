"""Losses: value, residual (gradient in the raw prediction), curvature and inverse link, vectorised over rows."""

from panlearn.losses.cross_entropy import BinaryCrossEntropy, SoftmaxCrossEntropy

__all__ = ["BinaryCrossEntropy", "SoftmaxCrossEntropy"]
