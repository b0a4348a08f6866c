"""Constraints on tags: the rules of the schemes, checked by reading spans off all short paths."""

from itertools import pairwise, product

import numpy as np
import pytest

from panlearn.core.errors import DataError
from panlearn.sequence.tag_constraints import SCHEMES, allowed

TAGS = {
    "BIO": ["O", "B-x", "I-x", "B-y", "I-y"],
    "IOB1": ["O", "B-x", "I-x", "B-y", "I-y"],
    "IOE1": ["O", "E-x", "I-x", "E-y", "I-y"],
    "IOE2": ["O", "E-x", "I-x", "E-y", "I-y"],
    "BIOES": ["O", "B-x", "I-x", "E-x", "S-x", "B-y", "E-y"],
}


def encoded(kinds, scheme):
    """Tags of a path of spans, given as the type of each token and whether it begins a span."""
    n, tags = len(kinds), []
    for t, (kind, first) in enumerate(kinds):
        if kind is None:
            tags.append("O")
            continue
        last = t + 1 == n or kinds[t + 1][0] != kind or kinds[t + 1][1]
        after_same = first and t > 0 and kinds[t - 1][0] == kind
        before_same = last and t + 1 < n and kinds[t + 1][0] == kind
        letter = {
            "BIO": "B" if first else "I",
            "IOB1": "B" if after_same else "I",
            "IOE1": "E" if before_same else "I",
            "IOE2": "E" if last else "I",
            "BIOES": "S" if first and last else "B" if first else "E" if last else "I",
        }[scheme]
        tags.append(f"{letter}-{kind}")
    return tuple(tags)


def possible(path, tags, rules):
    codes = [tags.index(tag) for tag in path]
    steps = sum(rules.transitions[a, b] for a, b in pairwise(codes))
    return rules.start[codes[0]] + steps + rules.end[codes[-1]] == 0


@pytest.mark.parametrize("scheme", list(TAGS))
def test_a_path_is_allowed_exactly_if_spans_give_it(scheme):
    tags, rules = TAGS[scheme], allowed(scheme, TAGS[scheme])
    for n in (1, 2, 3, 4):
        tokens = [(None, False), ("x", True), ("x", False), ("y", True), ("y", False)]
        paths = {
            encoded(kinds, scheme)
            for kinds in product(tokens, repeat=n)
            if all(first or (t and kinds[t - 1][0] == kind) for t, (kind, first) in enumerate(kinds) if kind)
        }
        for path in product(tags, repeat=n):
            assert possible(path, tags, rules) == (path in paths), path


def test_names_of_one_scheme_are_one():
    tags = TAGS["BIOES"]
    for a, b in (("BIOES", "IOBES"), ("BIO", "IOB2")):
        own = tags if a == "BIOES" else TAGS["BIO"]
        for left, right in zip(allowed(a, own), allowed(b, own), strict=True):
            np.testing.assert_array_equal(left, right)
    bilou = [tag.replace("E-", "L-").replace("S-", "U-") for tag in tags]
    np.testing.assert_array_equal(allowed("BILOU", bilou).transitions, allowed("BIOES", tags).transitions)
    assert {"BIO", "IOB1", "IOE1", "IOE2", "BIOES", "BILOU"} <= set(SCHEMES)


def test_pairs_and_matrices():
    rules = allowed({("a", "b"), (None, "b"), ("a", None), ("a", "unheard")}, ["a", "b"])
    np.testing.assert_array_equal(rules.transitions, [[0, -np.inf], [0, 0]])
    np.testing.assert_array_equal(rules.start, [0, -np.inf])
    np.testing.assert_array_equal(rules.end, [-np.inf, 0])
    rules = allowed([[True, False], [True, True]], ["a", "b"])
    np.testing.assert_array_equal(rules.transitions, [[0, -np.inf], [0, 0]])
    assert (rules.start == 0).all()
    assert (rules.end == 0).all()
    assert all((part == 0).all() for part in allowed(None, ["a"]))


def test_types_may_hold_hyphens_and_be_absent():
    rules = allowed("BIO", ["B", "I", "O", "B-a-b", "I-a-b"])
    assert rules.transitions[0, 1] == 0
    assert rules.transitions[0, 4] == -np.inf
    assert rules.transitions[3, 4] == 0


def test_what_cannot_be_read_is_said():
    with pytest.raises(DataError, match="one of"):
        allowed("BOI", ["O"])
    with pytest.raises(DataError, match="'X-a' is none of BIO"):
        allowed("BIO", ["O", "X-a"])
    with pytest.raises(DataError, match=r"shape \(2, 2\)"):
        allowed(np.ones((3, 3)), ["a", "b"])
    with pytest.raises(DataError, match=r"shape \(2, 2\)"):
        allowed([["yes", "no"], ["no", "yes"]], ["a", "b"])
