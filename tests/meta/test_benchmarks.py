"""The benchmarks at tiny sizes: every case reaches its target, and no ratio is given for a worse answer."""

import json
import platform
import time
from functools import partial
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from benchmarks import harness, import_cost, objectives, problems, render, results
from benchmarks.cases import SIZES, Case, Contender, Problem, Quality, Weights, estimator
from benchmarks.cold import first_call
from benchmarks.harness import Options, run_case

FAMILIES = (
    "linear_model",
    "lasso",
    "lasso_cv",
    "l0",
    "logistic",
    "glm",
    "sgd",
    "svm",
    "linear_svm",
    "transductive",
    "tree",
    "c45",
    "forest",
    "adaboost",
    "boosting",
    "kmeans",
    "hierarchical",
    "mixture",
    "pca",
    "discriminant",
    "naive_bayes",
    "neighbours",
    "mlp",
    "neural_network",
    "optimizer_step",
    "hmm",
    "crf",
    "crf_layer",
    "recurrent",
    "tree_lstm",
    "ctc",
    "numerics",
)
CASES = [case for family in FAMILIES for case in import_module(f"benchmarks.{family}").CASES]
INSTALLED = ("scikit-learn", "numpy", "scipy", "statsmodels")  # others compile themselves, or come with an extra only
ONCE = Options(threads=1, repeats=1, cap=20.0)


@pytest.fixture(autouse=True)
def no_repetition(monkeypatch):
    monkeypatch.setattr(harness, "SHORT", 0.0)
    monkeypatch.setattr(harness, "NOISY", 0.0)


def ridge(name: str, alpha: float) -> Contender:
    return estimator(name, "scikit-learn", Ridge, alpha=alpha)


def case_of(ours: Contender, *peers: Contender, target: float = 1e-8) -> Case:
    quality = partial(objectives.least_squares, alpha=1.0)
    return Case("made up", {"tiny": (30, 3)}, problems.regression, ours, peers, quality, target, "gradient")


def outcome(name: str, error: float, objective: float) -> harness.Outcome:
    return harness.Outcome(name, "numpy", "1", None, error, objective, [1.0], 1.0, 1.0)


def test_names_and_sizes():
    assert len({case.name for case in CASES}) == len(CASES)
    for case in CASES:
        assert "tiny" in case.shapes
        assert set(case.shapes) <= set(SIZES)
        assert len(case.shapes) > 1


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_ours_reaches_the_target_and_is_compared(case):
    case = case._replace(peers=tuple(peer for peer in case.peers if peer.package in INSTALLED))
    record = run_case(case, "tiny", ONCE)
    assert record["ours"]["error"] <= case.target
    compared = any(peer["ratio"] for peer in render.best_peers(record))
    verdicts = [peer["verdict"] for peer in record["peers"]]
    tied = case.name == "DecisionTreeRegressor"  # nodes of two rows are divided alike by all features, and new rows not
    assert compared or not case.peers or (tied and verdicts == ["not equal"]), verdicts
    assert json.loads(json.dumps(record)) == record


def test_a_worse_answer_gets_no_ratio():
    """Faster or not: an answer with too much penalty is another problem's."""
    record = run_case(case_of(ridge("ours", 5.0), ridge("exact", 1.0)), "tiny", ONCE)
    (peer,) = record["peers"]
    assert (peer["verdict"], peer["ratio"]) == ("not equal", None)
    equal = run_case(case_of(ridge("ours", 1.0), ridge("exact", 1.0)), "tiny", ONCE)
    assert equal["peers"][0]["ratio"]["median"] > 0
    pairs = render.comparisons([equal, record])
    assert [pair[0] for pair in pairs] == [record, equal]
    assert render.summary(pairs[0])[6].startswith("not equal: error ")


def test_a_lower_objective_of_the_peer_forbids_a_ratio():
    """Both errors may be within the target while one objective is still higher."""
    ours, peer = outcome("ours", error=0.5, objective=1.45), outcome("peer", error=0.5, objective=0.5)
    harness._judge(peer, ours, target=1.0)
    assert peer.ratio is not None
    peer = outcome("peer", error=0.5, objective=0.5)
    harness._judge(peer, ours, target=0.9)
    assert (peer.verdict, peer.ratio) == ("not equal", None)


def test_nan_is_never_equal():
    ours, peer = outcome("ours", error=np.nan, objective=np.nan), outcome("peer", error=0.0, objective=0.0)
    harness._judge(peer, ours, target=1.0)
    assert peer.ratio is None


def test_a_peer_that_misses_the_target_is_not_compared():
    record = run_case(case_of(ridge("ours", 1.0), ridge("wrong", 9.0)), "tiny", ONCE)
    assert record["peers"][0]["verdict"] == "did not reach the target"
    assert render.best_peers(record) == []


def test_a_peer_gets_the_loosest_tolerance_that_reaches_the_target():
    """Error = 2 tol: of the tolerances tried, the first with an error below the target is kept."""
    tried = []

    def fit(problem: Problem, tol: float) -> float:
        tried.append(tol)
        return tol

    case = Case(
        "made up",
        {"tiny": (5, 1)},
        problems.regression,
        Contender("ours", "panlearn", lambda problem, tol: 0.0),
        (Contender("peer", "numpy", fit, tuned=True),),
        lambda problem, tol: Quality(2 * tol, 0.0),
        1e-4,
        "error",
    )
    found = run_case(case, "tiny", ONCE)["peers"][0]
    assert found["error"] <= 1e-4
    assert tried[0] == pytest.approx(1e-2)
    assert 5e-5 / 10**0.5 <= found["tol"] <= 5e-5  # within half a decade of the loosest there is


def test_a_slow_peer_is_stopped():
    def crawl(problem: Problem, tol: float) -> None:
        for _ in range(10_000):
            time.sleep(0.001)

    record = run_case(case_of(ridge("ours", 1.0), Contender("slow", "numpy", crawl)), "tiny", Options(1, 1, cap=1.0))
    assert record["peers"][0]["verdict"].startswith("stopped")


def test_a_peer_that_is_not_installed_or_fails_is_named():
    def absent(problem: Problem, tol: float) -> None:
        import_module("no_such_package")

    def broken(problem: Problem, tol: float) -> None:
        raise ValueError("singular\nmatrix")

    peers = Contender("absent", "no-such-package", absent), Contender("broken", "numpy", broken)
    record = run_case(case_of(ridge("ours", 1.0), *peers), "tiny", ONCE)
    assert {peer["verdict"] for peer in record["peers"]} == {"no_such_package is not installed", "failed: singular"}


@pytest.mark.parametrize("problem", [problems.iris, problems.iris_virginica], ids=["softmax", "logistic"])
def test_cross_entropy_error_is_the_gradient_of_its_objective(problem):
    """Finite differences of the objective along the coordinates, whose largest is the error."""
    data = problem(150, 4)
    rng, k = np.random.default_rng(0), 3 if data.y.max() == 2 else 1
    W, b, step = rng.normal(size=(k, 4)) / 4, rng.normal(size=k) / 4, 1e-6
    theta = np.column_stack([W, b])

    def objective(theta: np.ndarray) -> float:
        return objectives.cross_entropy(data, Weights(theta[:, :-1], theta[:, -1]), C=0.1).objective

    slopes = []
    for place in np.ndindex(theta.shape):
        move = np.zeros_like(theta)
        move[place] = step
        slopes.append((objective(theta + move) - objective(theta - move)) / (2 * step))
    error = objectives.cross_entropy(data, Weights(W, b), C=0.1).error
    assert error == pytest.approx(np.abs(slopes).max(), rel=1e-6)


def test_least_squares_error_vanishes_only_at_the_optimum():
    data = problems.regression(40, 3)
    w = np.linalg.lstsq(data.augmented, data.y)[0]
    best = objectives.least_squares(data, Weights(w[:-1], w[-1]))
    moved = objectives.least_squares(data, Weights(w[:-1] + 1e-3, w[-1]))
    assert best.error < 1e-12 < 1e-4 < moved.error
    assert best.objective < moved.objective


def test_the_first_call_is_measured_without_compiled_kernels():
    """Compiling takes at least ten times as long as a thousand exponentials, whatever the machine."""
    found = first_call("numerics", "exp in a kernel loop", "tiny", "panlearn", 4.0, 1)
    assert found["compile"] > 10 * found["warm"]


def test_stored_records_are_replaced_and_name_no_computer(tmp_path, monkeypatch):
    old = run_case(case_of(ridge("ours", 1.0), ridge("exact", 1.0)), "tiny", ONCE)
    other = {**old, "case": "another"}
    results.add("made_up", [old, other], tmp_path)
    results.add("made_up", [{**old, "date": "later"}], tmp_path)
    stored = results.load("made_up", tmp_path)
    assert [(r["case"], r["date"]) for r in stored["records"]] == [("another", old["date"]), ("made up", "later")]
    text = (tmp_path / "made_up.json").read_text()
    assert platform.node() not in text
    assert str(Path.home()) not in text
    here = results.machine()
    monkeypatch.setattr(results, "machine", lambda: {**here, "cores": here["cores"] + 1})
    results.add("made_up", [old], tmp_path)
    assert results.load("made_up", tmp_path)["records"] == [old]


def test_import_cost(monkeypatch, tmp_path):
    monkeypatch.setattr(import_cost, "PAIRS", {"import panlearn": ("import json", "import json, panlearn")})
    (found,) = import_cost.measure(repeats=1)
    assert found["extra_seconds"] == pytest.approx(found["seconds"] - found["base_seconds"])
    assert not {"torch", "matplotlib"} & {*found["loaded"]}
    results.add("import_cost", [found], tmp_path)
    assert "| `import panlearn` | `import json` |" in render.page(tmp_path)


def test_the_page_shows_the_stored_results():
    assert render.PAGE.read_text(encoding="utf-8") == render.page(), "run `python -m benchmarks page`"
