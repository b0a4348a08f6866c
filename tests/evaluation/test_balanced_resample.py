"""Resampling: the definitions, imbalanced-learn draw by draw, tables of every kind, bad data."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse

from panlearn.evaluation import balanced_resample

KINDS = ["up", "down", "smote"]


def data(n=400, p=4):
    rng = np.random.default_rng(0)
    return rng.normal(size=(n, p)), rng.choice(3, n, p=[0.7, 0.2, 0.1])


def mixed_frame(n=400):
    rng = np.random.default_rng(1)
    X, y = data(n)
    table = pd.DataFrame(X, columns=list("abcd"))
    table["kind"] = pd.Categorical(rng.choice(list("xyz"), n))
    table["flag"] = rng.random(n) < 0.5
    table["count"] = rng.integers(0, 9, n)
    return table, y


@pytest.mark.parametrize("kind", KINDS)
def test_classes_have_one_size(kind):
    X, y = data()
    _, labels = balanced_resample(X, y, strategy=kind, random_state=0)
    expected = np.bincount(y).min() if kind == "down" else np.bincount(y).max()
    assert np.bincount(labels).tolist() == [expected] * 3


def test_rows_are_rows_of_their_class():
    X, y = data()
    for kind in ("up", "down"):
        new, labels = balanced_resample(X, y, strategy=kind, random_state=0)
        owner = {row.tobytes(): label for row, label in zip(X, y, strict=True)}
        assert all(owner[row.tobytes()] == label for row, label in zip(new, labels, strict=True))
        assert (len(np.unique(new, axis=0)) == len(new)) is (kind == "down")


def test_new_rows_lie_on_segments_of_their_class():
    X, y = data(200, 2)
    new, labels = balanced_resample(X, y, strategy="smote", random_state=0)
    np.testing.assert_array_equal(new[:200], X)
    for row, label in zip(new[200:], labels[200:], strict=True):
        own = X[y == label]
        to = np.linalg.norm(own - row, axis=1)
        detour = to[:, None] + to - np.linalg.norm(own[:, None] - own, axis=2)
        assert detour[~np.eye(len(own), dtype=bool)].min() < 1e-9


@pytest.mark.peer
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("strategy", ["auto", "all", "not minority", {0: 300, 2: 100}])
def test_matches_imbalanced_learn(kind, strategy):
    over = pytest.importorskip("imblearn.over_sampling")
    under = pytest.importorskip("imblearn.under_sampling")
    peer = {"up": over.RandomOverSampler, "down": under.RandomUnderSampler, "smote": over.SMOTE}[kind]
    X, y = data(500, 6)
    if isinstance(strategy, dict):
        strategy = {0: 200, 2: 20} if kind == "down" else {1: 300, 2: 100}
    theirs = peer(sampling_strategy=strategy, random_state=3).fit_resample(X, y)
    ours = balanced_resample(X, y, strategy=kind, sampling_strategy=strategy, random_state=3)
    np.testing.assert_array_equal(ours[1], theirs[1])
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-14, atol=1e-14)


@pytest.mark.peer
@pytest.mark.filterwarnings("ignore")
def test_matches_imbalanced_learn_with_categories():
    """Equal but for ties of the vote, which it decides at random, and whole numbers, which it cuts off."""
    over = pytest.importorskip("imblearn.over_sampling")
    X, y = mixed_frame()
    theirs, labels = over.SMOTENC(["kind", "flag"], random_state=3).fit_resample(X, y)
    ours, own = balanced_resample(X, y, strategy="smote", random_state=3)
    np.testing.assert_array_equal(own, labels)
    np.testing.assert_allclose(ours[list("abcd")], theirs[list("abcd")], rtol=1e-14)
    np.testing.assert_array_equal(ours["flag"], theirs["flag"])  # five votes for two categories: no ties
    assert (ours["kind"].astype(str) == theirs["kind"].astype(str))[len(X) :].mean() > 0.7
    assert (ours["count"] - theirs["count"]).isin([0, 1]).all()


@pytest.mark.parametrize("kind", KINDS)
def test_tables_of_every_kind(kind):
    table, y = mixed_frame()
    for library in (lambda X: X, pl.from_pandas):
        X = library(table)
        labels = pd.Series(y, name="label") if library(table) is table else pl.Series("label", y)
        new, own = balanced_resample(X, labels, strategy=kind, random_state=0)
        assert type(new) is type(X)
        assert type(own) is type(labels)
        assert own.name == "label"
        assert list(new.columns) == list(X.columns)
        assert list(new.dtypes) == list(X.dtypes)
        assert len(new) == len(own)
    X, y = data()
    X[np.abs(X) < 0.5] = 0
    for kind_of in (sparse.csr_array, sparse.csc_matrix):
        thin, own = balanced_resample(kind_of(X), y, strategy=kind, random_state=0)
        assert thin.format == kind_of(X).format
        np.testing.assert_allclose(
            thin.toarray(), balanced_resample(X, y, strategy=kind, random_state=0)[0], rtol=1e-12
        )
    assert balanced_resample(X.astype(np.float32), y, strategy=kind)[0].dtype == np.float32
    assert isinstance(balanced_resample(X.tolist(), y.tolist(), strategy=kind)[0], np.ndarray)


def test_labels_of_text():
    X, y = data()
    names = np.array(["many", "some", "few"])[y]
    for kind in KINDS:
        _, labels = balanced_resample(X, names, strategy=kind, random_state=0)
        assert len(set(np.unique(labels, return_counts=True)[1])) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_missing_values_are_allowed(kind):
    table, y = mixed_frame()
    table.loc[::7, "a"] = np.nan
    table.loc[::5, "kind"] = None
    new, _ = balanced_resample(table, y, strategy=kind, random_state=0)
    assert 0.05 < new["a"].isna().mean() < 0.3
    assert list(new.dtypes) == list(table.dtypes)


def test_a_category_of_the_new_row_is_its_neighbours():
    X = pd.DataFrame({"x": np.r_[np.arange(10.0), np.arange(40.0) / 9], "kind": ["rare"] * 10 + ["common"] * 40})
    y = np.r_[np.ones(10), np.zeros(40)]
    new, label = balanced_resample(X, y, strategy="smote", random_state=0)
    assert (new["kind"][label == 1] == "rare").all()


def test_edge_cases():
    X, y = data()
    balanced = np.arange(len(y)) % 2
    for kind in ("up", "smote"):  # nothing to do
        np.testing.assert_array_equal(balanced_resample(X, balanced, strategy=kind)[0], X)
    assert balanced_resample(X, y == 2, sampling_strategy=0.5, random_state=0)[1].mean() == pytest.approx(
        1 / 3, abs=0.01
    )
    with pytest.raises(ValueError, match="more than 1 class"):
        balanced_resample(X, np.zeros(len(y)))
    with pytest.raises(ValueError, match="inconsistent"):
        balanced_resample(X, y[:-1])
    with pytest.raises(ValueError, match="strategy must be one of"):
        balanced_resample(X, y, strategy="sideways")
    with pytest.raises(ValueError, match="k_neighbors"):
        balanced_resample(X, y, strategy="smote", k_neighbors=0)
    with pytest.raises(ValueError, match="infinity"):
        balanced_resample(np.where(X > 2, np.inf, X), y, strategy="smote")
    with pytest.raises(ValueError, match="continuous"):
        balanced_resample(X, X[:, 0])
    with pytest.raises(ValueError, match="sparse"):
        balanced_resample(sparse.csr_array(X), y, strategy="smote", categorical_features=[0])
    with pytest.raises(ValueError, match="lower k_neighbors to 1, or use strategy='up'"):
        balanced_resample(X[:9], [0] * 7 + [1] * 2, strategy="smote")


@pytest.mark.parametrize("kind", KINDS)
def test_reproducible(kind):
    table, y = mixed_frame()
    first, second = (balanced_resample(table, y, strategy=kind, random_state=5)[0] for _ in range(2))
    pd.testing.assert_frame_equal(first, second)
    generator = np.random.RandomState(5)
    one, two = (balanced_resample(table, y, strategy=kind, random_state=generator)[0] for _ in range(2))
    assert not one.equals(two)
