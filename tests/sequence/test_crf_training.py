"""Training: optimality at the end, the same minimum as CRFsuite, the same answer twice."""

import numpy as np
import pytest

import panlearn
from panlearn.sequence.crf_objective import CRFObjective
from panlearn.sequence.crf_training import CRFSettings, train
from tests.oracles.crf_problem import crf_problem

TIGHT = {"epsilon": 1e-8, "delta": 0.0, "max_iterations": 2000}


@pytest.mark.parametrize(("c1", "c2"), [(0.0, 1.0), (0.0, 0.01), (0.5, 0.01), (1.0, 0.0)])
def test_minimum_is_one(c1, c2):
    problem = crf_problem(0, s=40, weighted=True)
    fit = train(problem, CRFSettings(c1=c1, c2=c2, **TIGHT))
    w, slope = fit.w, np.empty(problem.n_weights)
    value = CRFObjective(problem).objective(w, slope) + c1 * np.abs(w).sum() + c2 * float(w @ w)
    assert value == pytest.approx(fit.objective, rel=1e-12)
    slope += 2 * c2 * w
    assert np.abs(slope[w == 0.0]).max(initial=0.0) <= c1 + 1e-5
    np.testing.assert_allclose(slope[w != 0.0], -c1 * np.sign(w[w != 0.0]), atol=1e-4)
    assert (np.diff(fit.trace) <= 0).all()
    assert c1 == 0.0 or 0 < np.count_nonzero(w) < len(w)


@pytest.mark.parametrize(("c1", "c2"), [(0.0, 1.0), (0.0, 0.01), (0.3, 0.01)])
def test_matches_crfsuite(c1, c2, tmp_path):
    pycrfsuite = pytest.importorskip("pycrfsuite")
    problem = crf_problem(1, s=40)
    encoded, trainer = problem.encoded, pycrfsuite.Trainer("lbfgs", verbose=False)
    for a, b in zip(encoded.offsets[:-1], encoded.offsets[1:], strict=True):
        if b > a:
            spans = [range(encoded.indptr[t], encoded.indptr[t + 1]) for t in range(a, b)]
            items = [{f"a{encoded.indices[e]}": float(encoded.values[e]) for e in span} for span in spans]
            trainer.append(items, [str(tag) for tag in problem.tags[a:b]])
    trainer.set_params({"c1": c1, "c2": c2, "epsilon": 1e-9, "delta": 1e-14, "max_iterations": 2000})
    trainer.train(str(tmp_path / "model"))
    fit = train(problem, CRFSettings(c1=c1, c2=c2, **TIGHT))
    assert fit.objective == pytest.approx(trainer.logparser.last_iteration["loss"], rel=1e-7)


def test_start_saves_iterations():
    problem = crf_problem(2, s=40)
    cold = train(problem, CRFSettings())
    assert train(problem, CRFSettings(), cold.w).n_iter < cold.n_iter
    assert cold.converged


@pytest.mark.parametrize("algorithm", ["lbfgs", "l2sgd", "ap", "pa", "arow"])
def test_reproducible(algorithm):
    problem, fits = crf_problem(3, s=60), []
    for n in (1, 2):
        with panlearn.threads(n):
            fits.append(train(problem, CRFSettings(algorithm, max_iterations=5)))
    assert np.array_equal(fits[0].w, fits[1].w)
    assert len(fits[0].trace) - (algorithm == "lbfgs") == fits[0].n_iter


def test_unseen_transitions_have_no_weight():
    problem = crf_problem(4, s=4)
    unseen = ~problem.transitions.allowed.ravel()
    assert unseen.any()
    for algorithm in ("lbfgs", "l2sgd", "ap", "pa", "arow"):
        fit = train(problem, CRFSettings(algorithm, max_iterations=3))
        assert not fit.w[len(problem.features.labels) :][unseen].any()
