"""Scores of spans under seqeval's names: the peer's results to the bit, reports to the letter."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import UndefinedMetricWarning

from panlearn.sequence import metrics

SCHEMES = {"IOB1": "IOB", "IOB2": "IOB", "IOE2": "IOE", "IOBES": "IOBES", "BILOU": "BILOU"}


@st.composite
def tagged(draw, letters):
    """Two taggings of the same sequences."""
    tags = st.sampled_from(["O", *(f"{letter}-{kind}" for letter in letters if letter != "O" for kind in ("A", "B"))])
    pairs = draw(st.lists(st.lists(st.tuples(tags, tags), max_size=7), min_size=1, max_size=4))
    return [[a for a, _ in pair] for pair in pairs], [[b for _, b in pair] for pair in pairs]


@pytest.mark.parametrize("scheme", [None, *SCHEMES])
@settings(deadline=None, max_examples=50)
@given(data=st.data(), zero=st.sampled_from([0, 1]), average=st.sampled_from([None, "micro", "macro", "weighted"]))
def test_matches_peer(scheme, data, zero, average):
    peer, schemes = pytest.importorskip("seqeval.metrics"), pytest.importorskip("seqeval.scheme")
    y, z = data.draw(tagged(SCHEMES.get(scheme, "IOBES")))
    ours = {} if scheme is None else {"mode": "strict", "scheme": scheme}
    theirs = {} if scheme is None else {"mode": "strict", "scheme": getattr(schemes, scheme)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the peer's, of means over no types
        for name in ("precision_score", "recall_score", "f1_score"):
            value = getattr(peer, name)(y, z, average=average, zero_division=zero, **theirs)
            if not np.isnan(value).any():
                assert np.array_equal(getattr(metrics, name)(y, z, average=average, zero_division=zero, **ours), value)
        try:
            report = peer.classification_report(y, z, digits=3, zero_division=zero, **theirs)
        except ValueError:  # no span at all
            return
        assert metrics.classification_report(y, z, digits=3, zero_division=zero, **ours) == report
        table = peer.classification_report(y, z, output_dict=True, zero_division=zero, **theirs)
        assert metrics.classification_report(y, z, output_dict=True, zero_division=zero, **ours) == table


def test_strict_looks_for_the_scheme():
    y, z = [["B-A", "I-A", "O"]], [["I-A", "I-A", "O"]]
    assert metrics.f1_score(y, z) == 1.0
    assert metrics.f1_score(y, z, mode="strict", zero_division=0) == 0.0
    assert metrics.f1_score(y, z, mode="strict", scheme=metrics.IOB1, zero_division=0) == 0.0
    assert metrics.f1_score(z, z, mode="strict", scheme="IOB1") == 1.0


def test_undefined_scores_are_warned_about_once():
    y, z = [["B-A", "O"]], [["B-A", "B-B"]]
    with pytest.warns(UndefinedMetricWarning) as caught:
        metrics.classification_report(y, z)
    assert len(caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        metrics.classification_report(y, z, zero_division=0)
        assert metrics.precision_score(y, z) == 0.5


def test_without_spans():
    assert metrics.classification_report([["O"]], [["O"]], zero_division=1).split()[6:10] == [
        "1.00",
        "1.00",
        "1.00",
        "0",
    ]
    p, r, f, support = metrics.precision_recall_fscore_support([["O"]], [["O"]], zero_division=0)
    assert [len(part) for part in (p, r, f, support)] == [0, 0, 0, 0]


def test_invariances():
    """The order of sequences does not matter; swapping truth and prediction swaps precision and recall."""
    y, z = [["B-A", "I-A"], ["O", "B-B"], ["B-B", "O"]], [["B-A", "O"], ["B-B", "B-B"], ["B-B", "O"]]
    assert metrics.f1_score(y, z) == metrics.f1_score(y[::-1], z[::-1]) == metrics.f1_score(z, y)
    assert metrics.precision_score(y, z) == metrics.recall_score(z, y) == 0.5
