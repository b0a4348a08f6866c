"""The drawn tree says what the tree asks, and its boxes do not touch."""

import itertools
from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from sklearn import tree as peers
from sklearn.datasets import load_iris

from panlearn.cli.tour_tree import DAYS
from panlearn.plot import plot_tree
from panlearn.tree import DecisionTreeClassifier, ID3Classifier

X, Y = load_iris(return_X_y=True)


def axes() -> Any:
    figure = Figure(figsize=(8, 5))
    FigureCanvasAgg(figure)
    return figure.subplots()


@pytest.mark.parametrize("settings", [{}, {"node_ids": True, "label": "root"}, {"max_depth": 1}, {"proportion": True}])
def test_matches_peer(settings):
    model, peer = (
        cls(max_depth=3, random_state=0).fit(X > 3, Y) for cls in (DecisionTreeClassifier, peers.DecisionTreeClassifier)
    )
    ours = [text.get_text() for text in plot_tree(model, ax=axes(), **settings)]
    theirs = [text.get_text() for text in peers.plot_tree(peer, ax=axes(), **settings)]
    if model.tree_.feature.tolist() == peer.tree_.feature.tolist():
        assert ours == theirs
    assert len(ours) == len(theirs)


def test_boxes_do_not_touch():
    model, ax = DecisionTreeClassifier(max_depth=4).fit(X, Y), axes()
    found: Any = plot_tree(model, filled=True, ax=ax)
    ax.figure.draw_without_rendering()
    renderer = ax.figure._get_renderer()
    boxes = [t.get_bbox_patch().get_window_extent(renderer) for t in found if t.get_bbox_patch() is not None]
    assert not [1 for a, b in itertools.combinations(boxes, 2) if a.overlaps(b)]


def test_categories_stand_beside_the_arrows():
    model = ID3Classifier(categorical_features=[0, 1, 2, 3]).fit(DAYS[:, :-1].astype(object), DAYS[:, -1])
    words = {
        text.get_text() for text in plot_tree(model, feature_names=["outlook", "t", "humidity", "wind"], ax=axes())
    }
    assert {"sunny", "overcast", "rain", "high", "normal", "weak", "strong"} <= words


def test_the_tree_area_offers_it_lazily():
    import panlearn.tree

    assert panlearn.tree.plot_tree.__module__ == "panlearn.plot.tree"
    with pytest.raises(AttributeError, match="no_such"):
        _ = panlearn.tree.no_such
    assert plot_tree(DecisionTreeClassifier().fit(X, np.zeros(150)), ax=axes(), fontsize=7)[0].get_fontsize() == 7
