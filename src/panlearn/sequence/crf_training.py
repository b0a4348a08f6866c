"""Training of conditional random fields: five ways to the weights.

    lbfgs   minimise  −Σ log p(y | x) + c1 |w|₁ + c2 |w|₂²  by L-BFGS, OWL-QN if c1 > 0     `optimize.lbfgs`
    l2sgd   the same with c1 = 0, a sequence at a time                                     `crf_sgd`
    ap      averaged perceptron                                                            `crf_mistakes`
    pa      passive-aggressive                                                             `crf_mistakes`
    arow    adaptive regularisation of weights                                             `crf_mistakes`

The objective of the first two is convex; lbfgs finds its minimum, and the gradient's norm there is the certificate.

Course notes: 004 §11.
"""

from typing import NamedTuple

import numpy as np

from panlearn.core.threads import single_threaded_blas
from panlearn.optimize.lbfgs import lbfgs
from panlearn.sequence.crf_mistakes import learn_from_mistakes
from panlearn.sequence.crf_objective import CRFObjective, CRFProblem
from panlearn.sequence.crf_sgd import train_sgd


class CRFSettings(NamedTuple):
    """How to train; names and defaults are CRFsuite's."""

    algorithm: str = "lbfgs"  # "lbfgs", "l2sgd", "ap", "pa" or "arow"
    c1: float = 0.0  # weight of |w|₁ (lbfgs)
    c2: float = 1.0  # weight of |w|₂², without ½ (lbfgs, l2sgd)
    max_iterations: int | None = None  # None: unlimited for lbfgs, 1000 for l2sgd, else 100
    num_memories: int = 6
    epsilon: float = 1e-5
    period: int = 10
    delta: float = 1e-5
    max_linesearch: int = 20
    calibration_eta: float = 0.1
    calibration_rate: float = 2.0
    calibration_samples: int = 1000
    calibration_candidates: int = 10
    calibration_max_trials: int = 20
    pa_type: int = 1
    c: float = 1.0
    error_sensitive: bool = True
    averaging: bool = True
    variance: float = 1.0
    gamma: float = 1.0
    seed: int = 0  # of the order in which all but lbfgs take the sequences
    verbose: int = 0


class CRFFit(NamedTuple):
    """Weights with their certificate."""

    w: np.ndarray  # (K + L²,)
    objective: float  # lbfgs, l2sgd: penalised negative log-likelihood; else mean loss of the last pass
    gradient_norm: float  # norm of the (pseudo-)gradient there; NaN where the algorithm has none
    trace: np.ndarray  # objective after each iteration
    n_iter: int
    converged: bool


def train(problem: CRFProblem, settings: CRFSettings, start: np.ndarray | None = None) -> CRFFit:
    """Find the weights.

    Parameters
    ----------
    problem : CRFProblem
        Tagged sequences.
    settings : CRFSettings
        Algorithm and its parameters.
    start : ndarray of shape (K + L²,), optional
        Weights to begin with; zero by default.

    Returns
    -------
    CRFFit
        Weights and certificate.
    """
    start = np.zeros(problem.n_weights) if start is None else start
    if settings.algorithm == "lbfgs":
        return _by_lbfgs(problem, settings, start)
    solve = train_sgd if settings.algorithm == "l2sgd" else learn_from_mistakes
    w, trace, converged = solve(problem, settings, start)
    return CRFFit(w, float(trace.min() if solve is train_sgd else trace[-1]), np.nan, trace, len(trace), converged)


def _by_lbfgs(problem: CRFProblem, settings: CRFSettings, start: np.ndarray) -> CRFFit:
    own, c2 = CRFObjective(problem), settings.c2

    def function(w: np.ndarray, gradient: np.ndarray) -> float:
        value = own.objective(w, gradient)
        gradient += 2.0 * c2 * w
        return value + c2 * float(w @ w)

    with single_threaded_blas():  # a threaded BLAS sums in an order of its own, and its threads would fight ours
        fit = lbfgs(
            function,
            start,
            l1=settings.c1,
            memory=settings.num_memories,
            tol=settings.epsilon,
            max_iter=2**31 if settings.max_iterations is None else settings.max_iterations,
            period=settings.period,
            delta=settings.delta,
            max_line_search=settings.max_linesearch,
            verbose=settings.verbose,
            title="CRF",
        )
    done = fit.status in ("converged", "stalled")
    return CRFFit(fit.x, fit.value, fit.gradient_norm, fit.trace, fit.n_iter, done)
