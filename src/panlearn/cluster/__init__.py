"""Clustering: k-means, hierarchies from below and from above."""

from panlearn.cluster.agglomerative_clustering import AgglomerativeClustering
from panlearn.cluster.bisecting_kmeans import BisectingKMeans
from panlearn.cluster.divisive_clustering import DivisiveClustering
from panlearn.cluster.feature_agglomeration import FeatureAgglomeration
from panlearn.cluster.kmeans import KMeans, k_means
from panlearn.cluster.kmeans_plusplus import kmeans_plusplus
from panlearn.cluster.linkages import linkage
from panlearn.cluster.mini_batch_kmeans import MiniBatchKMeans

__all__ = [
    "AgglomerativeClustering",
    "BisectingKMeans",
    "DivisiveClustering",
    "FeatureAgglomeration",
    "KMeans",
    "MiniBatchKMeans",
    "k_means",
    "kmeans_plusplus",
    "linkage",
]


def __getattr__(name: str) -> object:
    """`plot_dendrogram` keeps its customary address; matplotlib is loaded when it is asked for."""
    if name == "plot_dendrogram":
        from panlearn.plot.dendrogram import plot_dendrogram

        return plot_dendrogram
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
