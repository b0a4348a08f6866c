"""Trees read from brackets and tuples; what is damaged is named."""

import gzip
import time

import numpy as np
import pytest

from panlearn.core.errors import DataError
from panlearn.neural_network import WordTree, read_trees
from panlearn.neural_network.tree_reading import as_tree

TEXT = "(3 (2 It) (4 (4 good) (2 .)))"


def test_strings_and_tuples_agree():
    for given in (
        TEXT,
        "( 3 ( 2 It )\t(4(4 good)(2 .)) )",
        (3, (2, "It"), (4, (4, "good"), (2, "."))),
        [3, [2, "It"], (4, (4, "good"), (2, "."))],
    ):
        tree = as_tree(given, 0)
        assert tree.parents.tolist() == [-1, 0, 0, 2, 2]
        assert tree.words == (None, "It", None, "good", ".")
        assert tree.labels == (3, 2, 4, 4, 2)
    assert as_tree("(NP (DT the) (NN x))", 0).labels == ("NP", "DT", "NN")
    assert as_tree("((a b))", 0).labels == (None, "a")
    assert as_tree((None, "word"), 0).labels == as_tree("(_ word)", 0).labels == (None,)
    assert as_tree("(1 8\xa01/2)", 0).words == ("8\xa01/2",)


def test_read_files(tmp_path):
    text = TEXT + "\n\n" + "(0 bad)\r\n"
    plain, packed = tmp_path / "a.txt", tmp_path / "a.txt.gz"
    plain.write_bytes(text.encode())
    packed.write_bytes(gzip.compress(text.encode()))
    for source in (plain, packed, text, [TEXT, "(0 bad)"]):
        trees = read_trees(source)
        assert [tree.labels[0] for tree in trees] == [3, 0]


def test_labels_are_mapped():
    trees = read_trees([TEXT, "(2 so)", "(0 bad)"], {0: "-", 1: "-", 3: "+", 4: "+"})
    assert [tree.labels for tree in trees] == [("+", None, "+", "+", None), ("-",)]


def test_trees_pass():
    tree = read_trees(TEXT)[0]
    assert read_trees([tree])[0] is tree


def test_deep_trees_need_no_recursion():
    depth = 20_000
    text = "(0 (1 a) " * depth + "(1 b)" + ")" * depth
    began = time.perf_counter()
    tree = as_tree(text, 0)
    nested = (1, "b")
    for _ in range(depth):
        nested = (0, (1, "a"), nested)
    same = as_tree(nested, 0)
    assert time.perf_counter() - began < 30
    np.testing.assert_array_equal(same.parents, tree.parents)
    assert same.words == tree.words


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("", "tree 7: it is empty"),
        ("(1 a", "not closed"),
        ("(1 a))", r"a \) too many"),
        ("(1 a) (1 b)", "two roots"),
        ("a", "'a' stands outside"),
        ("(1)", "node 0, labelled 1, holds neither"),
        ("(1 (2 ) (3 a))", "node 1, labelled 2"),
        ("(1 a b)", "'b' is one word too many"),
        ("(1 (2 a) b)", "'b' is one word too many"),
        ("(1 a (2 b))", "beside a bracket"),
        (3.0, "tree 7 is a float"),
        (None, "tree 7 is a NoneType"),
        ((1, 2.0), "holds 2.0"),
        ((1, ()), r"holds \(\)"),
        ((("a",), "b"), "holds"),
        (WordTree(np.array([-1, 0]), ("a",), (None,)), "as many parents"),
        (WordTree(np.array([0]), ("a",), (None,)), "node 0 must be the root"),
        (WordTree(np.array([-1, 2, 1]), ("a", "b", "c"), (None,) * 3), "before their children"),
        (WordTree(np.array([-1, 0]), ("a", None), (None,) * 2), "node 1 holds neither"),
    ],
)
def test_damaged_trees(given, words):
    with pytest.raises(DataError, match=words):
        as_tree(given, 7)
