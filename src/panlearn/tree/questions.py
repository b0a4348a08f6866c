"""What the nodes of a tree ask, in words: shared by the text, the drawing and the rules.

    threshold   petal width <= 0.80  |  petal width >  0.80
    subset      colour in {blue, red}  |  colour not in {blue, red}
    multiway    outlook = rain  |  outlook = sunny  |  …

"or missing" stands at the side that missing values take, where `fit` has seen a missing value of that feature.
Course note 000 §4.2.
"""

from typing import Any, NamedTuple

import numpy as np

from panlearn.core.errors import DataError
from panlearn.tree.tree_structure import LEAF, Tree

SHOWN = 12  # levels of a set that are spelt out


class Branch(NamedTuple):
    """One answer to a node's question."""

    child: int  # node that it leads to
    relation: str  # "<=", ">", "in", "not in" or "="
    threshold: float  # of the first two; NaN for the others
    codes: np.ndarray  # of the others: the set, or the one category
    missing: bool  # whether a missing value takes this branch


class Names(NamedTuple):
    """Names of features and of their levels."""

    features: list[str]  # one a column
    levels: tuple[np.ndarray | None, ...]  # of each column in the order of the codes; None where they are not known
    missing: np.ndarray  # (p,) bool: the column had missing values in fit

    def level(self, feature: int, code: int) -> str:
        """Name of a category."""
        levels = self.levels[feature]
        return str(code) if levels is None else str(levels[code])

    def known(self, feature: int, codes: Any) -> list[int]:
        """The codes that have a level: a set may hold one more, which stands for a missing value."""
        levels = self.levels[feature]
        return sorted(int(code) for code in codes if levels is None or code < len(levels))

    def subset(self, feature: int, codes: Any) -> str:
        """A set of categories; of a large one the first few."""
        codes = self.known(feature, codes)
        shown = [self.level(feature, code) for code in codes[:SHOWN]]
        rest = [f"… {len(codes) - SHOWN} more"] if len(codes) > SHOWN else []
        return "{" + ", ".join(shown + rest) + "}"

    def words(self, feature: int, branch: Branch, decimals: int = 2) -> str:
        """The answer as a condition."""
        if branch.relation == "=":
            text = f"= {self.level(feature, int(branch.codes[0]))}"
        elif branch.relation in ("in", "not in"):
            text = f"{branch.relation} {self.subset(feature, branch.codes)}"
        else:
            text = f"{branch.relation:2} {branch.threshold:.{decimals}f}"
        return f"{self.features[feature]} {text}" + " or missing" * bool(branch.missing and self.missing[feature])


def names_of(model: Any, feature_names: Any = None, pattern: str = "feature_{}") -> Names:
    """Names to use for a fitted tree.

    Parameters
    ----------
    model : estimator
        With a `tree_`.
    feature_names : array-like of shape (p,), optional
        Names of the features; those of the frame that `fit` got, or the pattern, by default.
    pattern : str, default="feature_{}"
        Name of a feature without one.

    Returns
    -------
    Names
        Of features and levels.

    Raises
    ------
    ValueError
        If there are not as many names as features.
    """
    p = model.tree_.n_features
    if feature_names is None:
        feature_names = getattr(model, "feature_names_in_", None)
    if feature_names is not None and len(feature_names) != p:
        raise DataError(f"feature_names must contain {p} elements, got {len(feature_names)}")
    features = [pattern.format(j) for j in range(p)] if feature_names is None else [str(name) for name in feature_names]
    columns = getattr(model, "_columns", None)
    levels = columns.levels if columns is not None and len(columns.levels) == p else (None,) * p
    missing = getattr(model, "_has_missing", None)
    return Names(features, levels, np.zeros(p, dtype=bool) if missing is None else missing)


def branches(tree: Tree, node: int) -> list[Branch]:
    """The answers to a node's question, left first.

    Parameters
    ----------
    tree : Tree
        A fitted tree.
    node : int
        One of its nodes.

    Returns
    -------
    list of Branch
        Empty for a leaf.
    """
    nan, none, left = float("nan"), np.empty(0, dtype=np.intp), bool(tree.missing_go_to_left[node])
    start = int(tree.branch_start[node])
    if start >= 0:
        children = tree.branches[start + 1 : start + 1 + tree.branches[start]]
        kept = np.flatnonzero(children != LEAF)
        return [Branch(int(children[code]), "=", nan, np.array([code]), False) for code in kept]
    if tree.children_left[node] == LEAF:
        return []
    low, high = int(tree.children_left[node]), int(tree.children_right[node])
    if tree.category_start[node] >= 0:
        codes = subset_codes(tree, node)
        return [Branch(low, "in", nan, codes, left), Branch(high, "not in", nan, codes, not left)]
    cut = float(tree.threshold[node])
    return [Branch(low, "<=", cut, none, left), Branch(high, ">", cut, none, not left)]


def subset_codes(tree: Tree, node: int) -> np.ndarray:
    """Codes of the categories that a node sends left.

    Parameters
    ----------
    tree : Tree
        A fitted tree.
    node : int
        A node that asks for a subset.

    Returns
    -------
    ndarray
        Sorted codes.
    """
    start = int(tree.category_start[node])
    words = tree.category_words[start + 1 : start + 1 + int(tree.category_words[start])]
    bits = (words[:, None] >> np.arange(32, dtype=np.uint32)) & np.uint32(1)
    return np.flatnonzero(bits)
