"""Files of CRFsuite: read as they were written, or refused."""

import numpy as np
import pytest

from panlearn.core.errors import ModelFileError
from panlearn.sequence.crfsuite_model import read_crfsuite_model

X = [[{"word": "é", "n": 2.5}, ["a", "b"]], [["b"], {"z": True}, ["a"]]]
y = [["N", "V"], ["V", "A", "N"]]


@pytest.fixture
def written(tmp_path):
    peer = pytest.importorskip("sklearn_crfsuite")
    path = tmp_path / "model.crfsuite"
    return path, peer.CRF(model_filename=str(path), all_possible_transitions=True, c2=0.1).fit(X, y)


def test_matches_the_writer(written):
    path, peer = written
    chain, names = read_crfsuite_model(path)
    assert (chain.classes, names) == (peer.classes_, peer.attributes_)
    owners = np.repeat(np.arange(len(names)), np.diff(chain.features.indptr))
    found = {
        (names[a], chain.classes[j]): w for a, j, w in zip(owners, chain.features.labels, chain.states, strict=True)
    }
    assert found == pytest.approx(peer.state_features_, abs=1e-6)  # the peer prints six digits
    for (a, b), weight in peer.transition_features_.items():
        assert chain.transitions[chain.classes.index(a), chain.classes.index(b)] == pytest.approx(weight, abs=1e-6)


def test_damaged_files_are_refused(written, tmp_path):
    data, bad = written[0].read_bytes(), tmp_path / "bad"
    rng = np.random.default_rng(0)
    for cut in (0, 3, 4, 20, 47, 60, 300, 2000, len(data) - 5):
        bad.write_bytes(data[:cut])
        if cut < len(data) - 500:
            with pytest.raises(ModelFileError):
                read_crfsuite_model(bad)
    for _ in range(300):  # any byte: a model or a refusal, never another error
        broken = bytearray(data)
        broken[rng.integers(4, len(data))] = rng.integers(256)
        bad.write_bytes(bytes(broken))
        try:
            chain, names = read_crfsuite_model(bad)
        except ModelFileError:
            continue
        assert len(chain.features.indptr) == len(names) + 1
    bad.write_bytes(b"no model at all")
    with pytest.raises(ModelFileError, match="no model of CRFsuite"):
        read_crfsuite_model(bad)
