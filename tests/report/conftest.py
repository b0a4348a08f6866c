"""Small comparisons of every kind, from seeded synthetic rows."""

import functools
from collections.abc import Callable

import numpy as np
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_html_repr

from panlearn.evaluation.comparison import Column, Comparison, DataSummary, Row
from panlearn.report import render_report

HOSTILE = '<script>document.title="broken"</script>'
NAMES = ["size", HOSTILE, "线性代数", "a column with a name that goes on for much longer than anybody would like"]


def _row(name: str, scores: dict, prediction: np.ndarray, probability: np.ndarray | None = None) -> Row:
    baseline = name.startswith("sklearn") or name == "Dummy"
    seconds = np.full(5, 0.002 * (len(name) + 1))
    source = "scikit-learn baseline" if baseline else "panlearn"
    certificate = "" if baseline else "gradient norm 3e-9"
    title = "Guess without columns" if name == "Dummy" else f"{name} (textbook)"
    return Row(name, title, source, scores, seconds, seconds / 10, 3_400_000, certificate, prediction, probability, "")


def _failed(name: str, n: int) -> Row:
    nothing = np.full(5, np.nan)
    error = "ValueError: Input X contains NaN & <inf>"
    return Row(name, name, "panlearn", {}, nothing, nothing, 0, "", np.full(n, ""), None, error)


def _finish(data: DataSummary, rows: list[Row], target: np.ndarray, metrics: tuple[str, ...], html: str) -> Comparison:
    rng = np.random.default_rng(7)
    gain = np.linspace(0.1, 0.0, 5)[:, None]
    return Comparison(
        data=data,
        metric=metrics[0],
        greater_is_better=True,
        metrics=metrics,
        rows=tuple(rows),
        target=target,
        folds=np.arange(len(target)) % 5,
        splitter="5-fold",
        best=None,
        importances={name: 0.2 / (i + 1) + 0.01 * rng.normal(size=5) for i, name in enumerate(NAMES)},
        learning_curve={
            "rows": np.array([20, 40, 80, 160, 240]),
            "train": 0.9 + gain / 2 + 0.005 * rng.normal(size=(5, 5)),
            "test": 0.9 - gain + 0.01 * rng.normal(size=(5, 5)),
        },
        pipeline_html=html,
        versions={"panlearn": "0.1.0", "numpy": "2.0.0", "scikit-learn": "1.9.0"},
        citations=("hoerl1970", "cox1958"),
        seconds=12.3,
        partial=False,
        notes=(),
    )


def _data(task: str, target: str, n: int, classes: tuple[str, ...] = (), counts: tuple[int, ...] = ()) -> DataSummary:
    columns = tuple(Column(name, "numeric", i, n - i, f"{i}.5", "") for i, name in enumerate(NAMES))
    dropped = Column("id", "dropped", 0, n, "A-17", "a different value in every row")
    notes = ("1 empty cell in <size>",)
    return DataSummary("data/my table.csv", n, (*columns, dropped), target, task, classes, counts, notes)


def _columns(n: int, seed: int) -> tuple[np.random.Generator, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng, rng.normal(size=(n, len(NAMES)))


def _diagram(model) -> str:
    return estimator_html_repr(make_pipeline(make_column_transformer((StandardScaler(), NAMES)), model))


def classification(labels: tuple[str, ...], n: int = 300) -> Comparison:
    """Logistic regression against a noisier twin, the guess, and one method that failed."""
    rng, X = _columns(n, seed=len(labels))
    code = np.digitize(
        X[:, 0] + 0.5 * rng.normal(size=n), np.quantile(X[:, 0], np.linspace(0, 1, len(labels) + 1)[1:-1])
    )
    target = np.array(labels)[code]
    rows = []
    for name, noise in (("LogisticRegression", 0.0), ("sklearn: HistGradientBoosting", 2.0)):
        seen = X + noise * rng.normal(size=X.shape)
        probability = np.zeros((n, len(labels)))
        accuracy = np.zeros(5)
        for fold, (fit, test) in enumerate(KFold(5).split(X)):
            model = LogisticRegression().fit(seen[fit], code[fit])
            probability[np.ix_(test, model.classes_)] = model.predict_proba(seen[test])
            accuracy[fold] = model.score(seen[test], code[test])
        prediction = np.array(labels)[probability.argmax(axis=1)]
        rows.append(_row(name, {"accuracy": accuracy, "log_loss": 1 - accuracy}, prediction, probability))
    share = np.full(5, 1 / len(labels))
    rows.append(_row("Dummy", {"accuracy": share, "log_loss": 1 - share}, np.full(n, labels[0])))
    rows.append(_failed("GaussianNB", n))
    counts = tuple(int((target == label).sum()) for label in labels)
    data = _data("binary" if len(labels) == 2 else "multiclass", "label", n, labels, counts)
    return _finish(data, rows, target, ("accuracy", "log_loss"), _diagram(LogisticRegression()))


def regression(n: int = 300) -> Comparison:
    """Least squares on a slightly bent target, and the mean."""
    rng, X = _columns(n, seed=1)
    target = X @ [3.0, 1.0, 0.0, 0.5] + 0.3 * X[:, 0] ** 2 + rng.normal(size=n)
    prediction = np.zeros(n)
    r2 = np.zeros(5)
    for fold, (fit, test) in enumerate(KFold(5).split(X)):
        model = LinearRegression().fit(X[fit], target[fit])
        prediction[test] = model.predict(X[test])
        r2[fold] = model.score(X[test], target[test])
    rows = [
        _row("Ridge", {"r2": r2}, prediction),
        _row("LinearRegression", {"r2": r2 + np.array([0.01, -0.02, 0.01, -0.02, 0.01])}, prediction),
        _row("Dummy", {"r2": np.full(5, -0.01)}, np.full(n, target.mean())),
    ]
    return _finish(_data("regression", "price", n), rows, target, ("r2",), _diagram(LinearRegression()))


def partial() -> Comparison:
    """Ctrl-C after two of five folds of the first method."""
    full = classification(("no", "yes"))
    first = full.rows[0]
    accuracy = first.scores["accuracy"].copy()
    accuracy[2:] = np.nan
    folds = np.where(full.folds < 2, full.folds, -1)
    assert first.probability is not None
    probability = np.where(folds[:, None] >= 0, first.probability, np.nan)
    prediction = np.where(folds >= 0, first.prediction, "")
    row = first._replace(scores={"accuracy": accuracy}, prediction=prediction, probability=probability)
    return full._replace(
        rows=(row, full.rows[3]),
        folds=folds,
        importances={},
        learning_curve={},
        pipeline_html="",
        partial=True,
        ended_by="Ctrl-C",
        notes=("Ctrl-C: 1 of 4 methods compared",),
    )


def nothing() -> Comparison:
    """Every method failed."""
    full = classification(("no", "yes"))
    rows = (_failed("Ridge", 300), _failed("LogisticRegression", 300))
    return full._replace(rows=rows, importances={}, learning_curve={}, pipeline_html="", folds=np.full(300, -1))


KINDS: dict[str, Callable[[], Comparison]] = {
    "binary": functools.cache(lambda: classification(("no", "yes"))),
    "multiclass": functools.cache(lambda: classification(("low", "middling", "high", "very high"))),
    "regression": functools.cache(regression),
    "partial": functools.cache(partial),
    "nothing": functools.cache(nothing),
}


@functools.cache
def page_of(kind: str) -> str:
    """The report of each kind, rendered once for all tests."""
    return render_report(KINDS[kind]())


@pytest.fixture(params=KINDS)
def kind(request) -> str:
    """Each kind of comparison in turn."""
    return request.param


@pytest.fixture
def binary() -> Comparison:
    """A comparison of classifiers for two classes."""
    return KINDS["binary"]()


@pytest.fixture
def nothing_ran() -> Comparison:
    """A comparison whose report is rendered at once: it has no pictures."""
    return KINDS["nothing"]()
