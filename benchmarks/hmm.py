"""Hidden Markov models against hmmlearn, pomegranate and dynamax: equal iterations of Baum-Welch from an equal start.

The likelihood has many maxima, so all packages get the same parameters to start from and take the same number of
iterations; the likelihood is computed here, from the parameters of the answer. hmmlearn runs both of its
implementations; pomegranate works in float32; dynamax compiles its step anew in each fit, which is in its time. A shape
is the number of sequences and their length.
"""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from benchmarks.cases import Case, Contender, Problem, Quality
from panlearn import sequence as ours

STEPS, SYMBOLS, COLUMNS = 4, 50, 4
MEASURE = "mean log-likelihood of a frame below that of panlearn's answer"
SIZES = {"tiny": (6, 10), "small": (50, 100), "medium": (500, 200), "large": (2_000, 500)}
LONG = {"tiny": (1, 200), "small": (1, 10_000), "medium": (1, 100_000), "large": (1, 1_000_000)}


class Truth(NamedTuple):
    """Where all packages start."""

    start: np.ndarray  # (N,)
    transitions: np.ndarray  # (N, N)
    table: np.ndarray  # (N, 50) chances of the symbols
    means: np.ndarray  # (N, 4)


@cache
def truth(N: int) -> Truth:
    rng = np.random.default_rng(N)
    A = 0.5 * rng.dirichlet(np.ones(N), N) + 0.5 * np.eye(N)
    return Truth(np.full(N, 1 / N), A, rng.dirichlet(np.full(SYMBOLS, 0.5), N), 2 * rng.normal(size=(N, COLUMNS)))


@cache
def drawn(N: int, symbols: bool, sequences: int, length: int) -> Problem:
    rng, model = np.random.default_rng(0), truth(N)
    cumulative, y = model.transitions.cumsum(axis=1), np.empty((sequences, length), dtype=int)
    y[:, 0] = rng.integers(N, size=sequences)
    for t in range(1, length):
        y[:, t] = np.minimum((cumulative[y[:, t - 1]] < rng.uniform(size=(sequences, 1))).sum(axis=1), N - 1)
    path = y.ravel()
    if symbols:
        below = model.table.cumsum(axis=1)[path] < rng.uniform(size=(len(path), 1))
        return Problem(np.minimum(below.sum(axis=1), SYMBOLS - 1)[:, None], np.full(sequences, length))
    return Problem(model.means[path] + rng.normal(size=(len(path), COLUMNS)), np.full(sequences, length))


def begun(model: Any, N: int, symbols: bool) -> Any:
    """The start, a little beside the truth."""
    rng, given = np.random.default_rng(1), truth(N)
    model.startprob_, model.transmat_ = given.start, rng.dirichlet(np.full(N, 2.0), N)
    if symbols:
        model.emissionprob_ = 0.5 * given.table + 0.5 / SYMBOLS
    else:
        model.means_, model.covars_ = given.means + 0.5 * rng.normal(size=(N, COLUMNS)), np.ones((N, COLUMNS))
    return model


def fit(name: str, package: str, module: str, N: int, symbols: bool, **settings: Any) -> Contender:
    def run(problem: Problem, tol: float) -> Any:
        import warnings

        classes = import_module(module)
        common = {"init_params": "", "n_iter": STEPS, "tol": -np.inf, **settings}
        model = (
            classes.CategoricalHMM(N, n_features=SYMBOLS, **common)
            if symbols
            else classes.GaussianHMM(N, "diag", **common)
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # four iterations do not converge
            return begun(model, N, symbols).fit(problem.X, problem.y)

    return Contender(name, package, run)


def likelihood(problem: Problem, model: Any, N: int, symbols: bool) -> float:
    """Mean log-likelihood of a frame under the parameters of an answer."""
    judge: Any = ours.CategoricalHMM(N, n_features=SYMBOLS) if symbols else ours.GaussianHMM(N, "diag")
    judge.startprob_, judge.transmat_ = model.startprob_, model.transmat_
    if symbols:
        judge.emissionprob_ = model.emissionprob_
    else:
        judge.means_ = model.means_
        judge.covars_ = np.array([np.diag(c) for c in model.covars_])
    return float(judge.score(problem.X, problem.y)) / len(problem.X)


def pomegranate(N: int, symbols: bool) -> Contender:
    def run(problem: Problem, tol: float) -> Any:
        import torch
        from pomegranate.distributions import Categorical, Normal
        from pomegranate.hmm import DenseHMM

        start = begun(ours.CategoricalHMM(N) if symbols else ours.GaussianHMM(N), N, symbols)
        single = torch.float32  # its own tables are
        if symbols:
            states: list[Any] = [Categorical(torch.tensor(row[None], dtype=single)) for row in start.emissionprob_]
        else:
            ones = torch.ones(COLUMNS, dtype=single)
            states = [Normal(torch.tensor(m, dtype=single), ones.clone(), covariance_type="diag") for m in start.means_]
        edges, starts = (torch.tensor(p, dtype=single) for p in (start.transmat_, start.startprob_))
        ends = torch.full((N,), 1e-12, dtype=single)
        model: Any = DenseHMM(states, edges=edges, starts=starts, ends=ends, max_iter=STEPS, tol=1e-12)
        X = torch.tensor(problem.X).reshape(len(problem.y), -1, problem.X.shape[1])
        model.fit(X if symbols else X.to(single))
        start.transmat_ = _shares(model.edges)
        start.startprob_ = _shares(model.starts)
        if symbols:
            start.emissionprob_ = np.array([d.probs[0].numpy() for d in model.distributions])
        else:
            start.means_ = np.array([d.means.numpy() for d in model.distributions])
            start.covars_ = np.array([d.covs.numpy() for d in model.distributions])
        return start

    return Contender("pomegranate", "pomegranate", run)


def _shares(logs: Any) -> np.ndarray:
    p = np.exp(logs.detach().numpy())
    return p / p.sum(axis=-1, keepdims=True)


def dynamax(N: int, symbols: bool) -> Contender:
    def run(problem: Problem, tol: float) -> Any:
        import jax
        from dynamax import hidden_markov_model

        peers: Any = hidden_markov_model
        jax.config.update("jax_enable_x64", True)
        start = begun(ours.CategoricalHMM(N) if symbols else ours.GaussianHMM(N), N, symbols)
        none = 1.0 + 1e-9  # at 1 itself its mode is 0 / 0
        flat = {"initial_probs_concentration": none, "transition_matrix_concentration": none}
        chain = {
            "initial_probs": jax.numpy.array(start.startprob_),
            "transition_matrix": jax.numpy.array(start.transmat_),
        }
        X = problem.X.reshape(len(problem.y), -1, problem.X.shape[1])
        if symbols:
            model: Any = peers.CategoricalHMM(N, 1, SYMBOLS, emission_prior_concentration=none, **flat)
            parameters = model.initialize(emission_probs=jax.numpy.array(start.emissionprob_[:, None]), **chain)
        else:
            model = peers.DiagonalGaussianHMM(N, COLUMNS, **flat)
            scale = jax.numpy.ones((N, COLUMNS))
            means = jax.numpy.array(start.means_)
            parameters = model.initialize(emission_means=means, emission_scale_diags=scale, **chain)
        found, _ = model.fit_em(*parameters, jax.numpy.array(X), num_iters=STEPS, verbose=False)
        start.startprob_ = np.asarray(found.initial.probs)
        start.transmat_ = np.asarray(found.transitions.transition_matrix)
        if symbols:
            start.emissionprob_ = np.asarray(found.emissions.probs)[:, 0]
        else:
            start.means_ = np.asarray(found.emissions.means)
            start.covars_ = np.asarray(found.emissions.scale_diags) ** 2
        return start

    return Contender("dynamax", "dynamax", run)


def case(N: int, symbols: bool, shapes: dict[str, tuple[int, int]], title: str, others: bool = True) -> Case:
    own = fit("panlearn", "panlearn", "panlearn.sequence", N, symbols)
    peers = [
        fit(f"hmmlearn {how}", "hmmlearn", "hmmlearn.hmm", N, symbols, implementation=how) for how in ("scaling", "log")
    ]
    if others:
        peers += [pomegranate(N, symbols), dynamax(N, symbols)]

    @cache
    def reference(sequences: int, length: int) -> float:
        problem = drawn(N, symbols, sequences, length)
        return likelihood(problem, own.fit(problem, 0.0), N, symbols)

    def quality(problem: Problem, model: Any) -> Quality:
        found = likelihood(problem, model, N, symbols)
        return Quality(max(0.0, reference(len(problem.y), int(problem.y[0])) - found), -found)

    def problem(sequences: int, length: int) -> Problem:
        return drawn(N, symbols, sequences, length)

    return Case(f"{title}, {N} states: {STEPS} iterations", shapes, problem, own, tuple(peers), quality, 1e-5, MEASURE)


def viterbi(N: int, symbols: bool) -> Case:
    """Decoding; an answer is worth its mean log-probability a frame."""

    def run(module: str) -> Callable[[Problem, float], Any]:
        def decode(problem: Problem, tol: float) -> Any:
            classes = import_module(module)
            model = begun(classes.CategoricalHMM(N) if symbols else classes.GaussianHMM(N, "diag"), N, symbols)
            return model.decode(problem.X, problem.y)

        return decode

    own = Contender("panlearn", "panlearn", run("panlearn.sequence"))
    peer = Contender("hmmlearn", "hmmlearn", run("hmmlearn.hmm"))

    def problem(sequences: int, length: int) -> Problem:
        return drawn(N, symbols, sequences, length)

    @cache
    def reference(sequences: int, length: int) -> float:
        return own.fit(problem(sequences, length), 0.0)[0]

    def quality(given: Problem, answer: Any) -> Quality:
        shortfall = reference(len(given.y), int(given.y[0])) - answer[0]
        return Quality(max(0.0, shortfall) / len(given.X), -answer[0] / len(given.X))

    measure = "log-probability of the path, a frame, below that of panlearn's"
    return Case(f"Viterbi, {N} states", SIZES, problem, own, (peer,), quality, 1e-9, measure)


CASES = (
    case(8, True, SIZES, "CategoricalHMM"),
    case(32, True, SIZES, "CategoricalHMM"),
    case(8, False, SIZES, "GaussianHMM diag"),
    case(32, False, SIZES, "GaussianHMM diag"),
    case(8, True, LONG, "CategoricalHMM, one sequence", others=False),
    viterbi(8, True),
    viterbi(16, True),
    viterbi(32, True),
)
