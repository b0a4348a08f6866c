"""A user's own torch module as an estimator, against skorch: training, and prediction.

Both get the same module and the same rows in float32, and make the same number of passes with Adam over batches of 128;
the log-loss on rows that neither saw has to be that of a loop by hand, or better. Prediction is of all
rows, by networks fitted before the clock starts.
"""

from functools import cache
from typing import Any

import numpy as np
from sklearn.metrics import log_loss

from benchmarks import mlp
from benchmarks.cases import Case, Contender, Problem, Quality

SMALL = {"tiny": (300, 5), "small": (2_000, 20), "medium": (20_000, 20), "large": (100_000, 20)}
WIDE = {"tiny": (300, 120), "small": (2_000, 784), "medium": (10_000, 784), "large": (60_000, 784)}


def trained(hidden: int) -> Contender:
    """Ours, on the module that the others get."""

    def fit(problem: Problem, tol: float) -> Any:
        import torch

        from panlearn.neural_network import NeuralClassifier

        torch.manual_seed(0)
        network = mlp.network(hidden, problem.X.shape[1], int(problem.y.max()) + 1)
        settings: dict[str, Any] = {"batch_size": mlp.BATCH, "max_epochs": mlp.PASSES, "random_state": 0}
        return NeuralClassifier(network, **settings).fit(problem.X, problem.y)

    return Contender("panlearn", "panlearn", fit)


class Said(np.ndarray):
    """Probabilities of all rows."""


def asked(contender: Contender) -> Contender:
    """Time of predicting all rows."""

    @cache
    def model(n: int, p: int) -> Any:
        return contender.fit(mlp.clusters(n, p), 0.0)

    def predict(problem: Problem, tol: float) -> Any:
        return model(*problem.X.shape).predict_proba(problem.X).view(Said)

    return Contender(contender.name, contender.package, predict)


def unseen(problem: Problem, model: Any) -> Quality:
    """Log-loss on rows kept from all of them, above that of the loop by hand."""
    test: Any = problem
    found = float(log_loss(test.y_test, model.predict_proba(test.X_test).astype(np.float64)))
    return Quality(max(0.0, found - reference(*problem.X.shape)), found)


@cache
def reference(n: int, p: int) -> float:
    """Log-loss that the loop by hand reaches."""
    problem = mlp.clusters(n, p)
    hidden = 256 if p > 100 else 64
    answer = mlp.by_hand(hidden).fit(problem, 0.0).predict_proba(problem.X_test)
    return float(log_loss(problem.y_test, np.asarray(answer, np.float64)))


def seen(problem: Problem, probabilities: Any) -> Quality:
    """Log-loss on the rows of the fit."""
    found = float(log_loss(problem.y, np.asarray(probabilities, np.float64)))
    return Quality(0.0, found)


CASES = tuple(
    case
    for hidden, shapes in ((64, SMALL), (256, WIDE))
    for case in (
        Case(
            f"NeuralClassifier: {hidden} hidden units, {mlp.PASSES} passes",
            shapes, mlp.clusters, trained(hidden), (mlp.skorch(hidden), mlp.by_hand(hidden)), unseen, 0.02,
            "log-loss on unseen rows above that of the loop by hand",
        ),
        Case(
            f"NeuralClassifier: {hidden} hidden units, predict_proba",
            shapes, mlp.clusters, asked(trained(hidden)), (asked(mlp.skorch(hidden)),), seen, 1e-9,
            "none: both networks are compared in the case above",
        ),
    )
)  # fmt: skip
