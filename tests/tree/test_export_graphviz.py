"""The drawing of a tree in DOT: scikit-learn's line for line, and the questions it does not have."""

import io
import re

import pytest
from sklearn import tree as peers

from panlearn.core.errors import DataError
from panlearn.tree import export_graphviz
from tests.tree.test_export_text import pair
from tests.tree.test_questions import Model

OPTIONS = [
    {},
    {"max_depth": 1},
    {"filled": True},
    {"filled": True, "max_depth": 0},
    {"rounded": True, "rotate": True},
    {"leaves_parallel": True},
    {"label": "root"},
    {"label": "none", "impurity": False},
    {"node_ids": True},
    {"proportion": True},
    {"special_characters": True},
    {"precision": 1},
    {"feature_names": ['a"q', "b", "c", "d"]},
    {"class_names": True},
    {"class_names": ["u", "v", "w"]},
]


def whole(text):
    """Weights that are whole numbers as such: the peer writes 41.0 where 0.273 times 150 rounds badly."""
    return re.sub(r"\[\d+\.0(, \d+\.0){2}\]", lambda found: re.sub(r"\.0\b", "", found[0]), text)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_matches_peer(options):
    for ours, theirs in (pair(), pair(False), pair(False, 2)):
        assert whole(export_graphviz(ours, **options)) == whole(peers.export_graphviz(theirs, **options))


def test_questions_about_categories():
    text = export_graphviz(Model(), feature_names=["size", "colour", "weather"]) or ""
    assert 'label="colour in {c0, c33}\\n' in text
    assert 'label="weather\\n' in text
    assert '2 -> 5 [label="rain"] ;' in text
    assert '2 -> 6 [label="sun"] ;' in text


def test_where_it_is_written(tmp_path):
    model = pair()[0]
    text, buffer = export_graphviz(model), io.StringIO()
    export_graphviz(model, tmp_path / "tree.dot")
    export_graphviz(model, buffer)
    assert (tmp_path / "tree.dot").read_text(encoding="utf-8") == buffer.getvalue() == text


def test_wrong_options():
    model = pair()[0]
    with pytest.raises(DataError, match="'label' parameter"):
        export_graphviz(model, label="some")
    with pytest.raises(DataError, match="'precision' parameter"):
        export_graphviz(model, precision=-1)
    with pytest.raises(DataError, match="class_names must contain 3 elements, got 2"):
        export_graphviz(model, class_names=["a", "b"])


def test_the_drawing_keeps_its_customary_address():
    from panlearn import plot, tree

    assert tree.plot_tree is plot.plot_tree
