"""Multilayer perceptrons against scikit-learn's, skorch, and a loop written by hand on torch.

All make the same number of passes with Adam over the same batches of float32 rows; the log-loss on rows that none of
them saw has to be that of scikit-learn's network or better. The loop by hand cuts tensors by batch and calls torch's
fused Adam: what a careful user writes, and the figure an engine is to be judged by.
"""

from functools import cache
from typing import Any

import numpy as np
from sklearn.datasets import make_classification
from sklearn.metrics import log_loss

from benchmarks.cases import Case, Contender, Problem, Quality

PASSES, BATCH, KEPT = 5, 128, 0.2
MEASURE = "log-loss on unseen rows above scikit-learn's"


class Split(Problem):
    """Rows to learn from, and rows to judge by."""

    X_test: Any
    y_test: Any


@cache
def clusters(n: int, p: int) -> Split:
    """Clusters on the corners of a cube: two classes, or ten where there are many columns."""
    classes = 10 if p > 100 else 2
    rows = int(n / (1 - KEPT))
    drawn: Any = make_classification(
        rows, p, n_informative=min(p // 2, 30), n_redundant=0, n_classes=classes, flip_y=0.05, random_state=0
    )
    X, y = drawn
    X = (X / X.std(axis=0)).astype(np.float32)
    problem = Split(X[:n], y[:n].astype(np.int64))
    problem.X_test, problem.y_test = X[n:], y[n:]
    return problem


def settings(hidden: int, problem: Problem) -> dict[str, Any]:
    """Parameters that ours and scikit-learn's share."""
    size = min(BATCH, len(problem.y))
    return {
        "hidden_layer_sizes": (hidden,),
        "batch_size": size,
        "max_iter": PASSES,
        "n_iter_no_change": 10 * PASSES,
        "alpha": 0.0,
        "random_state": 0,
    }


def estimator(package: str, hidden: int) -> Contender:
    def fit(problem: Problem, tol: float) -> Any:
        import warnings

        from sklearn import neural_network as sk

        from panlearn import neural_network as ours

        cls = ours.MLPClassifier if package == "panlearn" else sk.MLPClassifier
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a few passes do not converge
            return cls(**settings(hidden, problem)).fit(problem.X, problem.y)

    return Contender(package, package, fit)


def network(hidden: int, p: int, classes: int) -> Any:
    from torch import nn

    return nn.Sequential(nn.Linear(p, hidden), nn.ReLU(), nn.Linear(hidden, classes))


class Answers:
    """Probabilities of a torch module."""

    def __init__(self, module: Any) -> None:
        self.module = module

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        import torch

        with torch.no_grad():
            return torch.softmax(self.module(torch.from_numpy(X)), 1).numpy()


def by_hand(hidden: int) -> Contender:
    def fit(problem: Problem, tol: float) -> Any:
        import torch

        torch.manual_seed(0)
        X, y = torch.from_numpy(problem.X), torch.from_numpy(problem.y)
        module = network(hidden, X.shape[1], int(y.max()) + 1)
        adam, loss = torch.optim.Adam(module.parameters(), lr=1e-3, fused=True), torch.nn.CrossEntropyLoss()
        for _ in range(PASSES):
            for rows in torch.randperm(len(X)).split(BATCH):
                adam.zero_grad()
                loss(module(X[rows]), y[rows]).backward()
                adam.step()
        return Answers(module)

    return Contender("torch loop, fused Adam", "torch", fit)


def skorch(hidden: int) -> Contender:
    def fit(problem: Problem, tol: float) -> Any:
        import torch
        from skorch import NeuralNetClassifier

        torch.manual_seed(0)
        X, y = problem.X, problem.y
        kind: Any = NeuralNetClassifier  # its stub knows the defaults only
        net = kind(
            network(hidden, X.shape[1], int(y.max()) + 1),
            criterion=torch.nn.CrossEntropyLoss,
            optimizer=torch.optim.Adam,
            lr=1e-3,
            max_epochs=PASSES,
            batch_size=BATCH,
            iterator_train__shuffle=True,
            train_split=None,
            verbose=0,
        ).fit(X, y)
        return Answers(net.module_)

    return Contender("skorch", "skorch", fit)


def case(name: str, hidden: int, shapes: dict[str, tuple[int, int]]) -> Case:
    peer = estimator("scikit-learn", hidden)

    def judged(problem: Any, model: Any) -> float:
        return float(log_loss(problem.y_test, model.predict_proba(problem.X_test).astype(np.float64)))

    @cache
    def reference(n: int, p: int) -> float:
        problem = clusters(n, p)
        return judged(problem, peer.fit(problem, 0.0))

    def quality(problem: Problem, model: Any) -> Quality:
        found = judged(problem, model)
        return Quality(max(0.0, found - reference(*problem.X.shape)), found)

    peers = (peer, by_hand(hidden), skorch(hidden))
    own = estimator("panlearn", hidden)
    return Case(f"MLPClassifier {name}: {PASSES} passes", shapes, clusters, own, peers, quality, 0.05, MEASURE)


CASES = (
    case("20-64-2", 64, {"tiny": (400, 20), "small": (2_000, 20), "medium": (20_000, 20), "large": (100_000, 20)}),
    case(
        "784-256-10", 256, {"tiny": (400, 784), "small": (2_000, 784), "medium": (10_000, 784), "large": (60_000, 784)}
    ),
)
