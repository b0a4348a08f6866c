"""Tags as numbers: the order of first appearance, and clear words for what is no tag."""

import numpy as np
import pytest

from panlearn.core.errors import DataError
from panlearn.sequence.tag_codes import as_lists, check_lengths, codes_of, number, tag_lists


def test_there_and_back():
    tags = [["b", "a"], [], np.array(["b", "c"]), ("a",)]
    places = number(tag_lists(tags))
    assert places == {"b": 0, "a": 1, "c": 2}
    assert all(type(label) is str for label in places)
    codes = codes_of(tags, places)
    assert codes.dtype == np.int32
    assert codes.tolist() == [0, 1, 0, 2, 1]
    assert as_lists(codes, np.array([0, 2, 2, 4, 5]), list(places)) == [["b", "a"], [], ["b", "c"], ["a"]]
    assert number([["z", "a"]], known=["a"]) == {"a": 0, "z": 1}
    assert number([[3, 1], [np.int64(3)]]) == {3: 0, 1: 1}


def test_unknown_tags():
    assert codes_of([["a", "q"]], {"a": 0}, unknown=-1).tolist() == [0, -1]
    with pytest.raises(DataError, match=r"'q' was not in the training data, which had \['a'\]"):
        codes_of([["a", "q"]], {"a": 0, None: -1})


@pytest.mark.parametrize("bad", ["NN", b"NN", {"a": 1}, 3, None])
def test_no_sequences_of_tags(bad):
    with pytest.raises(DataError, match="a list of labels for each sequence"):
        tag_lists(bad)
    with pytest.raises(DataError, match="Entry 1 is"):
        tag_lists([["a"], bad])


def test_missing_and_unhashable_labels():
    with pytest.raises(DataError, match="the label None"):
        number([["a", None]])
    with pytest.raises(DataError, match="the label nan"):
        number([["a", float("nan")]])
    with pytest.raises(DataError, match="strings or numbers"):
        number([["a", ["b"]]])


def test_lengths_are_compared():
    check_lengths([["a"], []], np.array([0, 1, 1]))
    with pytest.raises(DataError, match="X has 2, y 1"):
        check_lengths([["a"]], np.array([0, 1, 1]))
    with pytest.raises(DataError, match=r"sequence 1: \|x\| = 2, \|y\| = 1"):
        check_lengths([["a"], ["b"]], np.array([0, 1, 3]))
