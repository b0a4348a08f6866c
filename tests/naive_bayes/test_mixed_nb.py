"""Mixed naive Bayes: densities written out, its special cases, missing values, frames, bad data."""

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import poisson
from sklearn import naive_bayes as peers

import panlearn
from panlearn.naive_bayes import GaussianNB, MixedNB
from panlearn.naive_bayes.mixed_nb import column_sums, merged
from tests.oracles import naive_bayes as oracle

Peer: Any = peers.CategoricalNB


def table(n=90, seed=0, holes=0.0):
    """Two numbers, a category and a count, with labels."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 3
    columns = {
        "length": rng.normal(size=n) + y,
        "colour": np.array(["red", "green", "blue", "grey"], dtype=object)[(rng.integers(0, 4, n) * (y > 0)) % 4],
        "width": rng.normal(size=n) * (1 + y),
        "legs": rng.poisson(1.0 + 2 * y).astype(float),
    }
    frame = pd.DataFrame(columns)
    for name in frame:
        frame.loc[rng.uniform(size=n) < holes, name] = None
    return frame, y


@pytest.mark.parametrize("holes", [0.0, 0.3])
def test_matches_oracle(holes):
    X, y = table(holes=holes)
    w = np.random.default_rng(1).uniform(0.5, 2, 90)
    levels = sorted(set(X["colour"].dropna()))
    codes = X.assign(colour=X["colour"].map(levels.index, na_action="ignore")).to_numpy(dtype=float)

    def log_density(j, k, v):
        x, own = codes[:, j], ~np.isnan(codes[:, j])
        inside = own & (y == k)
        if j == 1:
            return np.log((w[inside & (x == v)].sum() + 1) / (w[inside].sum() + len(levels)))
        mean = np.average(x[inside], weights=w[inside])
        if j == 3:
            common = np.average(x[own], weights=w[own])
            return poisson.logpmf(v, (w[inside].sum() * mean + common) / (w[inside].sum() + 1))
        return oracle.normal(mean, np.average((x[inside] - mean) ** 2, weights=w[inside]), v)

    expected = oracle.joint(codes, log_density, [w[y == k].sum() / w.sum() for k in range(3)])
    model = MixedNB(counts=["legs"], var_smoothing=0.0).fit(X, y, w)
    np.testing.assert_allclose(model.predict_joint_log_proba(X), expected)
    assert model.kinds_.tolist() == ["number", "category", "number", "count"]


def test_matches_peer():
    """Numbers alone are GaussianNB, categories alone scikit-learn's CategoricalNB."""
    X, y = table()
    numbers = X[["length", "width"]].to_numpy()
    np.testing.assert_allclose(
        MixedNB(var_smoothing=0.0).fit(numbers, y).predict_joint_log_proba(numbers),
        GaussianNB(var_smoothing=0.0).fit(numbers, y).predict_joint_log_proba(numbers),
    )
    codes = np.random.default_rng(0).integers(0, 4, (90, 3))
    np.testing.assert_allclose(
        MixedNB(categorical=[0, 1, 2]).fit(codes, y).predict_joint_log_proba(codes),
        Peer().fit(codes, y).predict_joint_log_proba(codes),
    )


def test_optimality():
    """Counts with their rates free of smoothing are at their maximum of likelihood: the mean."""
    X, y = table()
    model = MixedNB(counts=["legs"], alpha=0.0).fit(X, y)
    for k in range(3):
        np.testing.assert_allclose(model.theta_[k, 3], X["legs"][y == k].mean())
        np.testing.assert_allclose(model.theta_[k, 0], X["length"][y == k].mean())


def test_a_missing_value_is_integrated_out():
    """Summed over all categories, P(k, x) is what the row without the column has."""
    X, y = table()
    model = MixedNB(counts=["legs"]).fit(X, y)
    row = X.iloc[[0]]
    joint = [np.exp(model.predict_joint_log_proba(row.assign(colour=c))) for c in model.categories_[1]]
    np.testing.assert_allclose(np.sum(joint, axis=0), np.exp(model.predict_joint_log_proba(row.assign(colour=None))))
    new = model.predict_joint_log_proba(row.assign(colour="never seen"))
    np.testing.assert_allclose(new, model.predict_joint_log_proba(row.assign(colour=None)))


def test_counts_are_multinomial_given_their_total():
    """Two rows of one total differ in their log-odds as under the multinomial rule, up to that total's own evidence."""
    rng = np.random.default_rng(0)
    y = np.arange(400) % 2
    X = rng.poisson(np.array([[3.0, 1.0, 1.0], [1.0, 3.0, 1.0]])[y])
    model = MixedNB(counts=[0, 1, 2], alpha=0.0).fit(X, y)
    rows = np.array([[4, 1, 1], [1, 3, 2]])  # six each
    shares = np.log([X[y == k].sum(axis=0) / X[y == k].sum() for k in (0, 1)])
    multinomial = rows @ (shares[1] - shares[0])
    odds = np.diff(model.predict_joint_log_proba(rows), axis=1).ravel()
    np.testing.assert_allclose(np.diff(odds), np.diff(multinomial), rtol=1e-9)


@settings(max_examples=10)
@given(st.integers(0, 1000))
def test_invariances(seed):
    X, y = table(seed=seed, holes=0.2)
    rng, new = np.random.default_rng(seed), MixedNB(counts=["legs"])
    base = new.fit(X, y).predict_proba(X)
    order = rng.permutation(90)
    np.testing.assert_allclose(new.fit(X.iloc[order], y[order]).predict_proba(X), base, atol=1e-10)
    np.testing.assert_allclose(new.fit(X, 2 - y).predict_proba(X)[:, ::-1], base, atol=1e-10)
    names = ["legs", "width", "length", "colour"]
    np.testing.assert_allclose(new.fit(X[names], y).predict_proba(X[names]), base, atol=1e-10)
    units = X.assign(length=1e6 * X["length"] + 3)
    np.testing.assert_allclose(new.fit(units, y).predict_proba(units), base, atol=1e-8)


def test_frames():
    X, y = table(holes=0.2)
    base = MixedNB().fit(X, y).predict_proba(X)
    typed = X.astype({"colour": "category"})
    np.testing.assert_allclose(MixedNB().fit(typed, y).predict_proba(typed), base)
    assert MixedNB().fit(typed, y).feature_names_in_.tolist() == X.columns.tolist()
    pl = pytest.importorskip("polars")
    other = pl.DataFrame({name: [None if pd.isna(v) else v for v in X[name]] for name in X})
    np.testing.assert_allclose(MixedNB().fit(other, y).predict_proba(other), base)
    objects = X.to_numpy(dtype=object)
    np.testing.assert_allclose(MixedNB(categorical=[1]).fit(objects, y).predict_proba(objects), base)


def test_edge_cases():
    X, y = table(holes=0.2)
    parts: Any = MixedNB(counts=["legs"])
    for rows in np.split(np.arange(90), 3):
        parts.partial_fit(X.iloc[rows], y[rows], classes=[0, 1, 2])
    np.testing.assert_allclose(parts.predict_proba(X), MixedNB(counts=["legs"]).fit(X, y).predict_proba(X), atol=1e-9)
    empty = X.assign(width=np.nan, legs=0.0)  # nothing seen of a number, only zeros of a count
    assert np.isfinite(MixedNB(counts=["legs"]).fit(empty, y).predict_proba(X)).all()
    one_class = X.assign(width=X["width"].where(y > 0))  # one class has no value
    assert np.isfinite(MixedNB().fit(one_class, y).predict_proba(X)).all()
    nothing = pd.DataFrame({name: [None] for name in X}).astype({"length": float, "width": float, "legs": float})
    model = MixedNB(counts=["legs"]).fit(X, y)
    np.testing.assert_allclose(model.predict_proba(nothing), [model.class_prior_])
    for wrong, text in (
        ({"counts": ["legs"], "categorical": ["legs", "colour"]}, "both in categorical and in counts"),
        ({"counts": ["length"]}, "Negative values"),
        ({"categorical": None}, "holds no numbers"),
        ({"counts": ["arms"]}, "not a valid feature name"),
        ({"priors": [1.0]}, "Number of priors"),
    ):
        with pytest.raises(ValueError, match=text):
            MixedNB(**wrong).fit(X, y)
    with pytest.raises(ValueError, match="infinity"):
        MixedNB().fit(X.assign(width=np.inf), y)
    with pytest.raises(ValueError, match="inconsistent"):
        MixedNB().fit(X, y[:-1])


def test_column_sums_add_up():
    x, y, w = np.array([1.0, np.nan, 5.0, 2.0, 8.0]), np.array([0, 0, 1, 0, 1]), np.array([1.0, 1, 2, 3, 1])
    whole = column_sums(x, y, w, 2)
    both = merged(column_sums(x[:3], y[:3], w[:3], 2), column_sums(x[3:], y[3:], w[3:], 2))
    np.testing.assert_allclose(both, whole)


def test_reproducible(tmp_path):
    X, y = table(holes=0.1)
    model = MixedNB(counts=["legs"]).fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), MixedNB(counts=["legs"]).fit(X, y).predict_proba(X))
    path = panlearn.save(model, tmp_path / "m.panlearn")
    for copy in (pickle.loads(pickle.dumps(model)), panlearn.load(path)):
        np.testing.assert_array_equal(copy.predict_proba(X), model.predict_proba(X))
        copy.partial_fit(X, y)
