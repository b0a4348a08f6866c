"""Feature agglomeration: pooling by hand, scikit-learn, edge cases."""

import numpy as np
import pandas as pd
import pytest
from sklearn import cluster as peers
from sklearn.datasets import load_digits
from sklearn.feature_extraction.image import grid_to_graph

from panlearn.cluster import AgglomerativeClustering, FeatureAgglomeration
from tests.oracles import hierarchical_clustering as oracle


def data(n=40, p=12):
    return np.random.default_rng(0).normal(size=(n, p))


def test_matches_oracle():
    X = data()
    model = FeatureAgglomeration(4).fit(X)
    np.testing.assert_array_equal(model.labels_, AgglomerativeClustering(4).fit(X.T).labels_)
    np.testing.assert_allclose(model.linkage_matrix_, oracle.agglomerate(X.T, "ward"), rtol=1e-12)
    pooled = np.column_stack([X[:, model.labels_ == g].mean(axis=1) for g in range(4)])
    np.testing.assert_allclose(model.transform(X), pooled, rtol=1e-12)
    spread = np.column_stack([pooled[:, g] for g in model.labels_])
    np.testing.assert_array_equal(model.inverse_transform(pooled), spread)


@pytest.mark.parametrize("pooling", [np.mean, np.median, np.max])
def test_matches_peer(pooling):
    X = load_digits(return_X_y=True)[0][:200]
    params = {"n_clusters": 16, "pooling_func": pooling, "connectivity": grid_to_graph(8, 8)}
    ours, theirs = FeatureAgglomeration(**params).fit(X), peers.FeatureAgglomeration(**params).fit(X)
    np.testing.assert_array_equal(ours.labels_, theirs.labels_)
    np.testing.assert_allclose(ours.transform(X), theirs.transform(X))
    np.testing.assert_array_equal(ours.get_feature_names_out(), theirs.get_feature_names_out())


def test_optimality():
    """Pooled by means, the reconstruction's error is Ward's: half the sum of the squared heights below the cut."""
    X = data()
    model = FeatureAgglomeration(5, compute_distances=True).fit(X)
    error = ((X - model.inverse_transform(model.transform(X))) ** 2).sum()
    np.testing.assert_allclose(error, (model.distances_[: 12 - 5] ** 2).sum() / 2, rtol=1e-10)


def test_invariances():
    X = data()
    order = np.random.default_rng(1).permutation(12)
    a, b = FeatureAgglomeration(4).fit(X), FeatureAgglomeration(4).fit(X[:, order])
    np.testing.assert_allclose(
        a.inverse_transform(a.transform(X))[:, order], b.inverse_transform(b.transform(X[:, order]))
    )


def test_edge_cases():
    X = data()
    assert FeatureAgglomeration(12).fit_transform(X).shape == (40, 12)
    assert FeatureAgglomeration(1).fit_transform(X[:1]).shape == (1, 1)
    with pytest.raises(ValueError, match="minimum of 2"):
        FeatureAgglomeration(1).fit(X[:, :1])
    with pytest.raises(ValueError, match="more clusters than samples"):
        FeatureAgglomeration(13).fit(X)
    assert not hasattr(FeatureAgglomeration(), "fit_predict")
    frame = FeatureAgglomeration(3).set_output(transform="pandas").fit_transform(pd.DataFrame(X).add_prefix("c"))
    assert list(frame.columns) == ["featureagglomeration0", "featureagglomeration1", "featureagglomeration2"]


def test_reproducible():
    X = data()
    np.testing.assert_array_equal(FeatureAgglomeration(3).fit(X).labels_, FeatureAgglomeration(3).fit(X).labels_)
