"""Decompositions: principal components, truncated singular values."""

from panlearn.decomposition.incremental_pca import IncrementalPCA
from panlearn.decomposition.pca import PCA
from panlearn.decomposition.probabilistic_pca import ProbabilisticPCA
from panlearn.decomposition.truncated_svd import TruncatedSVD

__all__ = ["PCA", "IncrementalPCA", "ProbabilisticPCA", "TruncatedSVD"]
