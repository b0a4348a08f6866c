"""C4.5 against c50py and c5tree, and pruning against scikit-learn, on rows like those of the Adult census.

The measure is the answer on new rows: the share of wrong labels may exceed the noise of the labels by no more than the
target. Categories are codes in columns that are named to every package; a tenth of one column is missing.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.tree import DecisionTreeClassifier

from benchmarks.cases import Case, Contender, Problem, Quality
from panlearn.tree import C45Classifier, cost_complexity_path
from panlearn.tree import DecisionTreeClassifier as OurTree

LEVELS = (8, 16, 7, 14, 6, 5, 2, 41)  # of the eight categorical columns of the census
NOISE = 0.12  # share of labels that are wrong


@dataclass
class Census(Problem):
    """Rows to fit, and new ones."""

    frame: pd.DataFrame
    new: pd.DataFrame
    truth: np.ndarray

    @property
    def categorical(self) -> list[int]:
        """Columns of categories."""
        return [j for j, name in enumerate(self.frame.columns) if name.startswith("c")]


def census(n: int, p: int) -> Census:
    """Up to eight columns of categories, the others numbers; a rule of four columns, and noise."""
    rng, rows = np.random.default_rng(0), n + max(200, n // 2)
    columns: dict[str, Any] = {}
    for j, levels in enumerate(LEVELS[: min(8, p - 2)]):
        columns[f"c{j}"] = np.minimum(rng.geometric(min(0.5, 3 / levels), rows) - 1, levels - 1)
    for j in range(p - len(columns)):
        columns[f"x{j}"] = np.round(rng.gamma(2, 20, rows)) if j else rng.integers(0, max(10, n), rows).astype(float)
    frame = pd.DataFrame(columns)
    rule = (frame.c0 < 2) & (frame.x1 > 35) | (frame.c1 % 3 == 1) & (frame.x1 > 60)
    y = (rule.to_numpy() ^ (rng.random(rows) < NOISE)).astype(int)
    missing = rng.random(rows) < 0.1
    frame["x1"] = frame["x1"].where(~missing)
    train, new = frame.iloc[:n], frame.iloc[n:]
    return Census(train.to_numpy(float), y[:n], train, new, y[n:])


def wrong(problem: Any, model: Any) -> Quality:
    """Wrong labels among new rows, beyond the noise."""
    share = float((np.asarray(model.answer) != problem.truth).mean())
    return Quality(max(0.0, share - NOISE), share)


class Answer:
    """Labels of the new rows."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer


def ours(problem: Any, tol: float) -> Answer:
    model = C45Classifier(categorical_features=problem.categorical).fit(problem.X, problem.y)
    return Answer(model.predict(problem.new.to_numpy(float)))


def c50py(problem: Any, tol: float) -> Answer:
    from c50py import C5Classifier

    model = C5Classifier(categorical_features=problem.categorical, min_samples_split=4).fit(problem.X, problem.y)
    return Answer(model.predict(problem.new.to_numpy(float)))


def c5tree(problem: Any, tol: float) -> Answer:
    from c5tree import C5Classifier

    def named(frame: pd.DataFrame) -> pd.DataFrame:
        texts = {name: frame[name].map(str).astype(object) for name in frame if str(name).startswith("c")}
        return frame.assign(**texts)

    return Answer(C5Classifier(min_samples_leaf=2).fit(named(problem.frame), problem.y).predict(named(problem.new)))


def path(problem: Any, model: Any) -> Quality:
    """Distance of the sum of the prices from that of scikit-learn's own path."""
    tree = DecisionTreeClassifier(random_state=0)
    total = tree.cost_complexity_pruning_path(problem.X, problem.y).ccp_alphas.sum()
    return Quality(abs(float(model.answer) - float(total)) / float(total), 0.0)


def our_path(problem: Any, tol: float) -> Answer:
    return Answer(cost_complexity_path(OurTree(random_state=0).fit(problem.X, problem.y)).ccp_alphas.sum())


def their_path(problem: Any, tol: float) -> Answer:
    tree = DecisionTreeClassifier(random_state=0)
    return Answer(tree.cost_complexity_pruning_path(problem.X, problem.y).ccp_alphas.sum())


def mixed(n: int, p: int) -> Problem:
    """Two classes with noise, on numbers."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, p))
    return Problem(X, ((X[:, 0] + X[:, 1] > 0) ^ (rng.random(n) < 0.2)).astype(int))


CASES = (
    Case(
        "C45Classifier: categories, numbers, missing values",
        {"tiny": (300, 6), "small": (1000, 14), "medium": (5000, 14), "large": (30_000, 14)},
        census,
        Contender("panlearn", "panlearn", ours),
        (Contender("c50py", "c50py", c50py), Contender("c5tree", "c5tree", c5tree)),
        wrong,
        0.05,
        "share of wrong labels of new rows beyond the noise",
    ),
    Case(
        "cost-complexity path",
        {"tiny": (200, 3), "small": (1000, 10), "medium": (10_000, 20)},
        mixed,
        Contender("panlearn", "panlearn", our_path),
        (Contender("scikit-learn", "scikit-learn", their_path),),
        path,
        0.05,
        "relative difference of the sum of the prices from scikit-learn's",
    ),
)
