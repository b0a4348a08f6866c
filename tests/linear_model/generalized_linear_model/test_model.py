"""What the estimators share: sources of data, offsets, scores, reports."""

# pyright: reportCallIssue=false, reportArgumentType=false, reportOptionalSubscript=false

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import d2_tweedie_score

import panlearn
from panlearn.core.blocks import FileRows
from panlearn.linear_model import GammaRegressor, GeneralizedLinearRegressor, PoissonRegressor


def table(n=400):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"a": rng.normal(size=n), "kind": rng.integers(0, 4, n), "years": rng.random(n) + 0.2, "s": rng.random(n) + 0.5}
    )
    frame["y"] = rng.poisson(frame.years * np.exp(0.3 * frame.a + 0.2 * frame.kind)).astype(float)
    return frame


@pytest.mark.parametrize("settings", [{}, {"alpha": 0.02, "l1_ratio": 0.5, "tol": 1e-10}])
def test_a_file_gives_what_arrays_give(tmp_path, settings):
    frame = table()
    frame.to_csv(tmp_path / "t.csv", index=False)
    model = GeneralizedLinearRegressor("poisson", categorical_features=["kind"], **settings)
    source = FileRows(tmp_path / "t.csv", target="y", weight="s", chunk_rows=57)
    streamed = model.fit(source, exposure="years")
    coef, errors = streamed.coef_, None if settings else streamed.std_errors()
    X = frame[["a", "kind", "years"]]
    held = model.fit(X, frame.y, sample_weight=frame.s, exposure="years")
    np.testing.assert_allclose(coef, held.coef_, atol=1e-8)
    if not settings:
        np.testing.assert_allclose(errors, held.std_errors(), rtol=1e-8)
    apart = model.fit(X[["a", "kind"]], frame.y, sample_weight=frame.s, exposure=frame.years)
    np.testing.assert_allclose(coef, apart.coef_, atol=1e-8)
    with pytest.raises(ValueError, match="must be names"):
        model.fit(source, exposure=frame.years)


def test_exposure_is_an_offset():
    frame = table()
    X, y, years = frame[["a", "kind"]], frame.y, frame.years
    a = PoissonRegressor(alpha=0.1, tol=1e-9).fit(X, y, exposure=years)
    b = PoissonRegressor(alpha=0.1, tol=1e-9).fit(X, y, offset=np.log(years))
    c = PoissonRegressor(alpha=0.1, tol=1e-9).fit(X, y / years, sample_weight=years)  # rates, weighted
    np.testing.assert_allclose(a.coef_, b.coef_)
    np.testing.assert_allclose(a.predict(X, exposure=years), years * a.predict(X))
    np.testing.assert_allclose(a.score(X, y, exposure=years), b.score(X, y, offset=np.log(years)))
    no_penalty = [PoissonRegressor(alpha=0, tol=1e-10).fit(X, y, exposure=years).coef_]
    no_penalty.append(PoissonRegressor(alpha=0, tol=1e-10).fit(X, y / years, sample_weight=years).coef_)
    np.testing.assert_allclose(*no_penalty, rtol=1e-7)
    assert c.coef_.shape == a.coef_.shape


def test_scores():
    frame = table()
    X, y, s = frame[["a", "kind"]].to_numpy(), frame.y.to_numpy(), frame.s.to_numpy()
    model = PoissonRegressor(alpha=0.01).fit(X, y, s)
    assert model.score(X, y, s) == pytest.approx(d2_tweedie_score(y, model.predict(X), sample_weight=s, power=1))
    with_offset = PoissonRegressor(alpha=1e6).fit(X, y, offset=np.log(frame.years))
    assert with_offset.score(X, y, offset=np.log(frame.years)) == pytest.approx(0.0, abs=1e-6)  # the null model has it
    assert GeneralizedLinearRegressor().fit(X, np.ones(400)).score(X, np.ones(400)) in (0.0, 1.0)
    assert model.deviance(X, y) > 0


def test_offsets_must_fit():
    frame = table()
    for bad in (np.ones(3), np.full(400, np.inf)):
        with pytest.raises(ValueError, match="offset must hold 400 finite numbers"):
            PoissonRegressor().fit(frame[["a"]], frame.y, offset=bad)
    with pytest.raises(ValueError, match="exposure must be in the range"):
        PoissonRegressor().fit(frame[["a"]], frame.y, exposure=np.zeros(400))


def test_reports(capsys):
    frame = table()
    PoissonRegressor(verbose=1).fit(frame[["a"]], frame.y)
    assert "iterations, gradient norm" in capsys.readouterr().out
    with pytest.warns(ConvergenceWarning, match=r"gradient norm is .* Raise max_iter"):
        GammaRegressor(max_iter=1, tol=1e-12).fit(frame[["a"]], frame.y + 0.1)


def test_saved_models_predict_the_same(tmp_path):
    frame = table().assign(kind=lambda t: t.kind.astype(str).astype("category"))
    X = frame[["a", "kind"]]
    model = GeneralizedLinearRegressor("tweedie", power=1.4).fit(X, frame.y)
    panlearn.save(model, tmp_path / "m.panlearn")
    loaded = panlearn.load(tmp_path / "m.panlearn")
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    assert loaded.summary() == model.summary()
