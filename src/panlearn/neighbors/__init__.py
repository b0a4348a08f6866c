"""Nearest neighbours: scikit-learn's search, and graphs of neighbours."""

from sklearn.neighbors import (
    BallTree,
    KDTree,
    KernelDensity,
    KNeighborsTransformer,
    LocalOutlierFactor,
    NearestCentroid,
    NearestNeighbors,
    NeighborhoodComponentsAnalysis,
    RadiusNeighborsClassifier,
    RadiusNeighborsRegressor,
    RadiusNeighborsTransformer,
    kneighbors_graph,
    radius_neighbors_graph,
    sort_graph_by_row_values,
)

from panlearn.neighbors.k_neighbors_classifier import KNeighborsClassifier
from panlearn.neighbors.k_neighbors_regressor import KNeighborsRegressor
from panlearn.neighbors.neighbors_graph import neighbors_graph

__all__ = [
    "BallTree",
    "KDTree",
    "KNeighborsClassifier",
    "KNeighborsRegressor",
    "KNeighborsTransformer",
    "KernelDensity",
    "LocalOutlierFactor",
    "NearestCentroid",
    "NearestNeighbors",
    "NeighborhoodComponentsAnalysis",
    "RadiusNeighborsClassifier",
    "RadiusNeighborsRegressor",
    "RadiusNeighborsTransformer",
    "kneighbors_graph",
    "neighbors_graph",
    "radius_neighbors_graph",
    "sort_graph_by_row_values",
]
