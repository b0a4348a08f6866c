"""Worked facts of note 000 chapter 4 (trees) and of note 002's bootstrap.

The chapter gives formulas and no numbers. The numbers expected here are those of Quinlan's fourteen days of tennis
[quinlan1986], as printed there and in every textbook since, or follow from the formulas by hand.
"""

import math
from collections.abc import Iterator

import numpy as np

from panlearn.cli.tour import TourRow, check
from panlearn.ensemble import AdaBoostClassifier
from panlearn.tree import DecisionTreeClassifier, cost_complexity_path

COLUMNS = ("outlook", "temperature", "humidity", "wind")
DAYS = np.array(
    [
        ("sunny", "hot", "high", "weak", "no"),
        ("sunny", "hot", "high", "strong", "no"),
        ("overcast", "hot", "high", "weak", "yes"),
        ("rain", "mild", "high", "weak", "yes"),
        ("rain", "cool", "normal", "weak", "yes"),
        ("rain", "cool", "normal", "strong", "no"),
        ("overcast", "cool", "normal", "strong", "yes"),
        ("sunny", "mild", "high", "weak", "no"),
        ("sunny", "cool", "normal", "weak", "yes"),
        ("rain", "mild", "normal", "weak", "yes"),
        ("sunny", "mild", "normal", "strong", "yes"),
        ("overcast", "mild", "high", "strong", "yes"),
        ("overcast", "hot", "normal", "weak", "yes"),
        ("rain", "mild", "high", "strong", "no"),
    ]
)


def examples() -> Iterator[TourRow]:
    """Yield what the formulas of chapter 4 say."""
    yield from information_gain()
    yield from grown_trees()
    yield from gini_index()
    yield from random_forest()
    yield from pruning()
    yield from boosting()
    yield from bootstrap()


def information_gain() -> Iterator[TourRow]:
    """Entropy, gain and gain ratio of the four attributes (4.1) to (4.6)."""
    example, note = "fourteen days of tennis [quinlan1986]", "000 §4.2"
    play = DAYS[:, -1]
    yield check(example, note, "H(D), 9 yes, 5 no (4.1)", "0.940", entropy(play))
    gains = {"outlook": "0.247", "temperature": "0.029", "humidity": "0.152", "wind": "0.048"}
    ratios = {"outlook": "0.156", "temperature": "0.019", "humidity": "0.152", "wind": "0.049"}
    for j, name in enumerate(COLUMNS):
        yield check(example, note, f"gain of {name} (4.4)", gains[name], gain(DAYS[:, j], play))
    for j, name in enumerate(COLUMNS):
        ratio = gain(DAYS[:, j], play) / entropy(DAYS[:, j])
        yield check(example, note, f"gain ratio of {name} (4.5)", ratios[name], ratio)


def grown_trees() -> Iterator[TourRow]:
    """The tree of the fourteen days, which asks for outlook, then humidity or wind."""
    from panlearn.tree import C45Classifier, ID3Classifier

    example, note = "the tree of the fourteen days [quinlan1986]", "000 §4.2"
    X, y = DAYS[:, :-1].astype(object), DAYS[:, -1]
    for name, model in (
        ("ID3", ID3Classifier(categorical_features=[0, 1, 2, 3])),
        ("C4.5", C45Classifier(categorical_features=[0, 1, 2, 3], min_samples_leaf=1, pruning=None)),
    ):
        model.fit(X, y)
        yield check(example, note, f"{name}: leaves", "5", model.get_n_leaves())
        yield check(example, note, f"{name}: first attribute", "0", model.tree_.feature[0])
        yield check(example, note, f"{name}: days it gets right", "14", float((model.predict(X) == y).sum()))


def gini_index() -> Iterator[TourRow]:
    """Gini index (4.7), (4.8), and its distance to half the entropy."""
    example, note = "Gini index and half the entropy", "000 §4.2"
    play, calm = DAYS[:, -1], DAYS[:, 3] == "weak"
    yield check(example, note, "Gini(D), 9 yes, 5 no (4.7)", "0.459", gini(play))
    split = sum(part.mean() * gini(play[part]) for part in (calm, ~calm))
    yield check(example, note, "Gini(D, wind) (4.8)", "0.429", float(split))
    model = DecisionTreeClassifier(max_depth=1).fit(calm[:, None].astype(float), play)
    share = model.tree_.weighted_n_node_samples[1:] / 14
    yield check(example, note, "the same by a tree", "0.429", float(share @ model.tree_.impurity[1:]))
    p = np.linspace(1e-9, 1 - 1e-9, 100_001)
    half = -(p * np.log2(p) + (1 - p) * np.log2(1 - p)) / 2
    yield check(example, note, "both at p = 1/2", "0.50", float(half.max()))
    yield check(example, note, "largest distance", "0.055", float(np.abs(half - 2 * p * (1 - p)).max()))


def random_forest() -> Iterator[TourRow]:
    """The square root of the number of features is tried at each node."""
    from panlearn.ensemble import RandomForestClassifier

    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 16))
    model = RandomForestClassifier(n_estimators=1, random_state=0).fit(X, X[:, 0] > 0)
    yield check("random forest of 16 features", "000 §4.3", "features tried at a node", "4", model[0].max_features_)


def pruning() -> Iterator[TourRow]:
    """C(T) of (4.9) and C_alpha(T) of (4.10), and the price at which a branch is cut off."""
    example = "a branch of four rows, by hand"
    tree = [np.array([3, 1]), np.array([0, 4])]
    whole = np.array([3, 5])
    unit = "000 §4.5"
    full, root = sum(cost(leaf) for leaf in tree), cost(whole)
    yield check(example, unit, "C(T), leaves (3, 1), (0, 4) (4.9)", "2.249", full)
    yield check(example, unit, "C(root), (3, 5)", "5.293", root)
    yield check(example, unit, "C_1(T) = C(T) + 2 (4.10)", "4.249", full + 2)
    yield check(example, unit, "α where both cost the same", "3.043", root - full)
    X, y = np.repeat([0.0, 1.0], 4)[:, None], np.array([0, 0, 0, 1, 1, 1, 1, 1])
    model = DecisionTreeClassifier(criterion="entropy", max_depth=1).fit(X, y)
    path = cost_complexity_path(model)
    price = float(path.ccp_alphas[-1]) * len(y) * math.log(2)  # the path counts bits a row
    yield check(example, unit, "the same by the path", "3.043", price)


def boosting() -> Iterator[TourRow]:
    """One round of AdaBoost by hand: one row of five is wrong, and then weighs as much as the other four."""
    example, note = "AdaBoost, one of five rows wrong, by hand", "000 §4.6"
    X, y = np.arange(5.0)[:, None], np.array([0, 0, 1, 1, 0])
    model = AdaBoostClassifier(n_estimators=2).fit(X, y)
    yield check(example, note, "weighted error", "0.20", model.estimator_errors_[0])
    yield check(example, note, "vote log((1 - e) / e)", "1.386", model.estimator_weights_[0])
    weight = np.ones(5) / 5 * np.exp(model.estimator_weights_[0] * (model[0].predict(X) != y))
    yield check(example, note, "its weight afterwards", "0.50", float(weight[4] / weight.sum()))


def bootstrap() -> Iterator[TourRow]:
    """Share of the rows that n draws with replacement leave out."""
    example, note = "bootstrap of 1,000 rows", "002"
    yield check(example, note, "(1 - 1/n)ⁿ", "0.368", (1 - 1 / 1000) ** 1000)
    rng = np.random.default_rng(0)
    left_out = [1000 - len(np.unique(rng.integers(0, 1000, 1000))) for _ in range(2000)]
    yield check(example, note, "share left out, 2,000 draws", "0.37", float(np.mean(left_out)) / 1000)


def entropy(labels: np.ndarray) -> float:
    """Entropy of labels in bits, (4.1).

    Examples
    --------
    >>> round(entropy(np.array(["yes", "yes", "no", "no"])), 3)
    1.0
    """
    share = np.unique(labels, return_counts=True)[1] / len(labels)
    return float(-(share * np.log2(share)).sum())


def gini(labels: np.ndarray) -> float:
    """Gini index of labels, (4.7).

    Examples
    --------
    >>> gini(np.array(["yes", "yes", "no", "no"]))
    0.5
    """
    share = np.unique(labels, return_counts=True)[1] / len(labels)
    return float(1 - (share**2).sum())


def gain(attribute: np.ndarray, labels: np.ndarray) -> float:
    """Information gain of an attribute, (4.2) to (4.4).

    Examples
    --------
    >>> gain(np.array([1, 1, 2, 2]), np.array([0, 0, 1, 1]))
    1.0
    """
    parts = [labels[attribute == value] for value in np.unique(attribute)]
    return entropy(labels) - sum(len(part) / len(labels) * entropy(part) for part in parts)


def cost(counts: np.ndarray) -> float:
    """What a leaf adds to (4.9): -sum_k N_k log(N_k / N), natural logarithms.

    Examples
    --------
    >>> round(cost(np.array([1, 1])), 3)
    1.386
    """
    held = counts[counts > 0]
    return float(-(held * np.log(held / held.sum())).sum()) + 0.0
