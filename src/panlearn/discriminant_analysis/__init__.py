"""Gaussian generative classifiers: one shared covariance, or one a class."""

from panlearn.discriminant_analysis.linear_discriminant_analysis import LinearDiscriminantAnalysis
from panlearn.discriminant_analysis.quadratic_discriminant_analysis import QuadraticDiscriminantAnalysis

__all__ = ["LinearDiscriminantAnalysis", "QuadraticDiscriminantAnalysis"]
