"""The tagger gives what python-crfsuite's gives under the same names."""

import pytest

from panlearn.sequence import CRF

X = [[{"u": 1.0}, {"v": 2.0}, {"u": 0.5, "v": 1.0}], [{"w": 1.0}], [{"v": 1.0}, {"w": 1.0}]]
y = [["a", "b", "a"], ["c"], ["b", "c"]]


def test_matches_the_peer():
    peer = pytest.importorskip("sklearn_crfsuite")
    ours, theirs = (cls(epsilon=1e-7).fit(X, y).tagger_ for cls in (CRF, peer.CRF))
    assert ours.labels() == theirs.labels()
    for sequence, path in zip(X, y, strict=True):
        assert ours.tag(sequence) == theirs.tag(sequence)
        assert ours.tag() == theirs.tag()
        assert ours.probability(path) == pytest.approx(theirs.probability(path), rel=1e-4)
        for t in range(len(path)):
            for label in "abc":
                assert ours.marginal(label, t) == pytest.approx(theirs.marginal(label, t), rel=1e-4)
    own, other = ours.info(), theirs.info()
    assert own.labels == other.labels
    assert own.attributes == other.attributes
    assert own.state_features == pytest.approx(other.state_features, abs=1e-4)
    assert own.transitions == pytest.approx(other.transitions, abs=1e-4)
    assert own.header["num_attrs"] == other.header["num_attrs"]
