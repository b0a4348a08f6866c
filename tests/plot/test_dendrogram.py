"""The dendrogram."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from scipy.cluster import hierarchy

import panlearn.cluster
from panlearn.cluster import AgglomerativeClustering, linkage
from panlearn.plot import plot_dendrogram
from panlearn.plot.style import ACCENT, QUIET, SECOND


def ends(line):
    """Coordinates of a bar's four corners."""
    return np.asarray(line.get_xdata(), dtype=float), np.asarray(line.get_ydata(), dtype=float)


def test_bars_have_the_heights_and_places_of_the_merges():
    X = np.random.default_rng(0).normal(size=(20, 2))
    Z = linkage(X, "average")
    axes = plot_dendrogram(Z).axes[0]
    np.testing.assert_array_equal([ends(line)[1][1] for line in axes.lines], Z[:, 2])
    drawn = hierarchy.dendrogram(Z, no_plot=True)
    theirs = sorted(
        (d[1], i[0] / 10 - 0.5, i[3] / 10 - 0.5) for i, d in zip(drawn["icoord"], drawn["dcoord"], strict=True)
    )
    ours = sorted((ends(line)[1][1], ends(line)[0][0], ends(line)[0][3]) for line in axes.lines)
    np.testing.assert_allclose(ours, theirs)


def test_clusters_are_coloured_and_cut_where_the_model_cut():
    X = np.array([[0.0], [1.0], [5.0], [7.0], [40.0]])
    axes = plot_dendrogram(AgglomerativeClustering(3).fit(X)).axes[0]
    colours = [to_hex(str(line.get_color())) for line in axes.lines[:4]]
    assert colours == [SECOND, ACCENT, QUIET, QUIET]
    heights = linkage(X, "ward")[:, 2]
    assert heights[1] < ends(axes.lines[4])[1][0] < heights[2]
    assert axes.texts[0].get_text() == "3 clusters"


def test_a_large_tree_is_cut_off_below():
    Z = linkage(np.random.default_rng(0).normal(size=(500, 2)), "ward")
    axes = plot_dendrogram(Z, max_leaves=10).axes[0]
    assert len(axes.lines) == 9
    assert sum(int(label.get_text()) for label in axes.get_xticklabels()) == 500


def test_leaves_can_be_named():
    axes = plot_dendrogram(linkage([[0.0], [1.0], [5.0]], "average"), labels=["a", "b", "c"]).axes[0]
    assert sorted(label.get_text() for label in axes.get_xticklabels()) == ["a", "b", "c"]
    assert panlearn.cluster.plot_dendrogram is plot_dendrogram
    with pytest.raises(ValueError, match="labels must name the 2 leaves"):
        plot_dendrogram(linkage([[0.0], [1.0]]), labels=["a"])
    with pytest.raises(ValueError, match="linkage matrix"):
        plot_dendrogram(np.zeros((3, 3)))
