"""The nearest centre by bounds: the same labels and sums as by all distances, at every step of the way."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panlearn.cluster import bounded_assignment
from panlearn.cluster.bounded_assignment import BoundedAssignment
from panlearn.cluster.centred_rows import CentredRows
from panlearn.cluster.lloyd import means
from panlearn.cluster.plain_assignment import PlainAssignment
from tests.cluster.test_kmeans import data


def follow(X, k, groups, weight=None, steps=8):
    """Walk with both, and compare."""
    rows = CentredRows(X, weight)
    bounded, plain = BoundedAssignment(rows, k, groups), PlainAssignment(rows.scaled, rows.weight)
    centres = rows.rows(np.arange(k))
    for _ in range(steps):
        changed = bounded.assign(centres)
        assert changed == plain.assign(centres)
        np.testing.assert_array_equal(bounded.label, plain.label)
        for ours, theirs in zip(bounded.sums, plain.sums, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)
        assert bounded.inertia(centres) == pytest.approx(plain.inertia(centres), rel=1e-9, abs=1e-12)
        centres = means(plain, centres)
    return bounded


@settings(max_examples=20, deadline=None)
@given(
    st.integers(0, 10_000), st.integers(1, 9), st.sampled_from([1, 2, 5, 8, 12]),
    st.sampled_from(["no bounds", "one bound", "groups"]),
)  # fmt: skip
def test_labels_and_sums_are_those_of_all_distances(seed, p, k, way):
    X = data(300, p, 6, seed)
    weight = np.random.default_rng(seed).uniform(0.1, 3, 300) if seed % 2 else None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bounded_assignment, "DENSE", 1000 if way == "no bounds" else 0)
        follow(X, k, min(k, 3) if way == "groups" else 1, weight)


@pytest.mark.parametrize("dense", [0, 1000], ids=["bounds", "no bounds"])
@pytest.mark.parametrize("groups", [1, 4])
def test_ties_go_to_the_centre_of_lower_index(groups, dense, monkeypatch):
    monkeypatch.setattr(bounded_assignment, "DENSE", dense)
    X = np.random.default_rng(0).integers(0, 3, size=(400, 2)).astype(float)
    X = np.vstack([X[:1], X[:1], X])  # two centres in one place
    rows = CentredRows(X)
    bounded, centres = BoundedAssignment(rows, 6, groups), rows.rows(np.arange(6))
    bounded.assign(centres)
    exact = np.square(rows.scaled[:, None] - centres).sum(axis=2)
    np.testing.assert_array_equal(bounded.label, exact.argmin(axis=1))


@pytest.mark.parametrize("dense", [0, 1000], ids=["bounds", "no bounds"])
@pytest.mark.parametrize("groups", [1, 3])
def test_single_precision_never_decides(groups, dense, monkeypatch):
    """Clusters a million times narrower than the data: float32 cannot tell their centres apart."""
    monkeypatch.setattr(bounded_assignment, "DENSE", dense)
    X = np.repeat([[0.0, 0.0], [1.0, 1.0]], 300, axis=0) + 1e-8 * np.random.default_rng(0).normal(size=(600, 2))
    rows = CentredRows(X)
    centres = rows.rows(np.array([0, 1, 2, 300, 301, 302]))
    bounded = BoundedAssignment(rows, 6, groups)
    bounded.assign(centres)
    exact = np.square(rows.scaled[:, None] - centres).sum(axis=2)
    np.testing.assert_array_equal(bounded.label, exact.argmin(axis=1))


def test_late_passes_measure_little(monkeypatch):
    monkeypatch.setattr(bounded_assignment, "DENSE", 0)
    bounded = follow(data(3000, 2, 8), 8, 1, steps=20)
    assert bounded.measured[0] == 1.0
    assert bounded.measured[-1] < 0.3
