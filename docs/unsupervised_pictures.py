"""The pictures of the pages on clusters, mixtures, components and neighbours, drawn while the site is built."""

import numpy as np
from matplotlib.figure import Figure
from sklearn.datasets import load_digits, load_iris, load_wine
from sklearn.preprocessing import scale

from panlearn.cluster import AgglomerativeClustering, KMeans
from panlearn.decomposition import PCA
from panlearn.mixture import GaussianMixture
from panlearn.neighbors import neighbors_graph
from panlearn.plot import (
    plot_biplot,
    plot_clusters,
    plot_dendrogram,
    plot_mixture_ellipses,
    plot_neighbor_graphs,
    plot_scree,
)
from panlearn.plot.style import house_style

PETALS = ["petal length (cm)", "petal width (cm)"]


def kmeans() -> Figure:
    """Petals of 150 irises in three clusters, the way of the centres from a poor start, and the falling inertia."""
    X = load_iris(as_frame=True).data[PETALS].to_numpy()
    path, inertia = [X[[81, 30, 17]]], []
    while len(path) < 3 or not np.array_equal(path[-1], path[-2]):
        inertia.append(((X[:, None] - path[-1]) ** 2).sum(axis=2).min(axis=1).sum())
        model = KMeans(3, init=path[-1], n_init=1, tol=1e9).fit(X)  # one step
        path.append(model.cluster_centers_)
    return plot_clusters(X, model.labels_, path=path, inertia=inertia, names=PETALS)


def dendrogram() -> Figure:
    """Tree of 150 irises by Ward's linkage, the last 29 merges, cut into three clusters."""
    return plot_dendrogram(AgglomerativeClustering(3).fit(load_iris().data))


@house_style()
def covariance_types() -> Figure:
    """Petals of 150 irises under mixtures of three bells, by type of covariance; the titles give the BIC."""
    X = load_iris(as_frame=True).data[PETALS]
    figure = Figure(figsize=(7.2, 4.4), layout="constrained")
    panels = figure.subplots(2, 2, sharex=True, sharey=True).ravel()
    for axes, kind in zip(panels, ("full", "tied", "diag", "spherical"), strict=True):
        model = GaussianMixture(3, covariance_type=kind, n_init=5, tol=1e-6, max_iter=500, random_state=0).fit(X)
        plot_mixture_ellipses(model, X, ax=axes)
        axes.set(title=f"{kind}: BIC {model.bic(X):.0f}", aspect="equal")
        axes.label_outer()
    return figure


@house_style()
def mixture_ellipses() -> Figure:
    """A mixture of three bells on the petals of 150 irises, from all values and with 30 % of them missing."""
    X = load_iris(as_frame=True).data[PETALS]
    holes = X.mask(np.random.default_rng(1).random(X.shape) < 0.3)
    figure = Figure(figsize=(7.2, 3.6), layout="constrained")
    start = KMeans(3, n_init=5, random_state=0).fit(X).cluster_centers_  # the same order, so the same colours
    panels = figure.subplots(1, 2, sharex=True, sharey=True)
    for axes, (name, rows) in zip(panels, {"all values": X, "30 % missing": holes}.items(), strict=True):
        model = GaussianMixture(3, means_init=start, tol=1e-6, max_iter=1000, random_state=0).fit(rows)
        plot_mixture_ellipses(model, rows, ax=axes)
        axes.set_title(name)
        axes.label_outer()
    return figure


def scree() -> Figure:
    """Shares of variance of the 64 components of handwritten digits, of which 20 hold nine tenths."""
    return plot_scree(PCA().fit(load_digits().data).explained_variance_ratio_, chosen=20)


def biplot() -> Figure:
    """The 178 wines and their measurements, standardised, in the plane of two components: three vineyards part."""
    wine = load_wine()
    model = PCA(n_components=2).fit(scale(wine.data))
    vineyards = np.array(["first", "second", "third"])[wine.target]
    names = [name.removesuffix("_of_diluted_wines").replace("_", " ") for name in wine.feature_names]
    ratios = model.explained_variance_ratio_
    return plot_biplot(
        model.transform(scale(wine.data)), model.components_, names=names, labels=vineyards, ratios=ratios
    )


def neighbour_graphs() -> Figure:
    """A dense cluster, a sparse one and an outlier, joined to nearest, to mutual neighbours, and within a ball."""
    rng = np.random.default_rng(5)
    X = np.vstack([rng.normal([0, 0], 0.35, (30, 2)), rng.normal([3.6, 0], 0.75, (30, 2)), [[1.6, 2.6]]])
    graphs = {
        "5 nearest": neighbors_graph(X, n_neighbors=5),
        "8 nearest, mutual": neighbors_graph(X, n_neighbors=8, mode="mutual"),
        "closer than 0.45": neighbors_graph(X, radius=0.45, mode="epsilon"),
    }
    return plot_neighbor_graphs(X, graphs)
