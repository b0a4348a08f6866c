"""A tree as indented text, one line a branch: the readable form that the method is known for.

Cost: one line for each branch down to `max_depth`. Course note 000 §4.2.
"""

from typing import Any, NamedTuple

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils.validation import check_is_fitted

from panlearn.core.errors import DataError
from panlearn.tree.questions import Names, branches, names_of
from panlearn.tree.tree_structure import Tree


class Layout(NamedTuple):
    """How the report looks."""

    names: Names
    classes: list[Any]  # names of the classes of each output; empty in regression
    classifies: bool
    max_depth: int
    spacing: int
    decimals: int
    show_weights: bool


def export_text(
    decision_tree: Any,
    *,
    feature_names: Any = None,
    class_names: Any = None,
    max_depth: int = 10,
    spacing: int = 3,
    decimals: int = 2,
    show_weights: bool = False,
) -> str:
    """Text report of a tree, of any kind.

    Parameters
    ----------
    decision_tree : estimator
        A fitted tree.
    feature_names : array-like of shape (p,), optional
        Names of the features; those of the frame that `fit` got, or "feature_0", "feature_1", …, by default.
    class_names : array-like of shape (K,), optional
        Names of the classes in the order of `classes_`, which is the default.
    max_depth : int, default=10
        Levels that are shown; what lies below is marked as truncated.
    spacing : int, default=3
        Width of a level.
    decimals : int, default=2
        Digits of thresholds and values.
    show_weights : bool, default=False
        Show the weight of each class in a leaf.

    Returns
    -------
    str
        One line a branch.

    Raises
    ------
    ValueError
        If the number of names is not that of features or classes, or a number is out of range.

    Examples
    --------
    >>> from panlearn.tree import DecisionTreeRegressor, export_text
    >>> model = DecisionTreeRegressor(max_depth=1).fit([[1.0], [2.0], [6.0]], [1.0, 3.0, 8.0])
    >>> print(export_text(model, feature_names=["age"], decimals=1))
    |--- age <= 4.0
    |   |--- value: [2.0]
    |--- age >  4.0
    |   |--- value: [8.0]
    """
    check_is_fitted(decision_tree)
    for name, number, low in (("max_depth", max_depth, 0), ("spacing", spacing, 1), ("decimals", decimals, 0)):
        if number < low:
            raise DataError(
                f"The '{name}' parameter of export_text must be an int in the range [{low}, inf). Got {number}."
            )
    tree, classifies = decision_tree.tree_, is_classifier(decision_tree)
    classes = [] if not classifies else decision_tree.classes_ if tree.n_outputs > 1 else [decision_tree.classes_]
    if class_names is not None and len(classes) == 1:
        if len(class_names) != len(classes[0]):
            raise DataError(
                "When `class_names` is an array, it should contain as many items as `decision_tree.classes_`. Got "
                f"{len(class_names)} while the tree was fitted with {len(classes[0])} classes."
            )
        classes = [class_names]
    names = names_of(decision_tree, feature_names)
    layout = Layout(names, classes, classifies, max_depth, spacing, decimals, show_weights)
    return "".join(line + "\n" for line in _lines(tree, layout))


def _lines(tree: Tree, layout: Layout) -> list[str]:
    lines: list[str] = []
    stack: list[tuple[int, int, str]] = [(0, 0, "")]  # node, depth, condition that leads to it
    while stack:
        node, depth, condition = stack.pop()
        if condition:
            lines.append(f"{_indent(depth, layout)} {condition}")
        found = branches(tree, node)
        if not found:
            lines.append(f"{_indent(depth + 1, layout)} {_answer(tree, node, layout)}")
        elif depth > layout.max_depth:
            lines.append(f"{_indent(depth + 1, layout)} truncated branch of depth {_levels_below(tree, node)}")
        else:
            feature = int(tree.feature[node])
            words = [(b.child, depth + 1, layout.names.words(feature, b, layout.decimals)) for b in found]
            stack.extend(reversed(words))
    return lines


def _indent(depth: int, layout: Layout) -> str:
    return ("|" + " " * layout.spacing) * (depth - 1) + "|" + "-" * layout.spacing


def _answer(tree: Tree, node: int, layout: Layout) -> str:
    value = tree.value[node]  # (outputs, classes)
    if not layout.classifies:
        return "value: [" + ", ".join(f"{v:.{layout.decimals}f}" for v in value[:, 0]) + "]"
    best = value.argmax(axis=1)
    found = [classes[k] for classes, k in zip(layout.classes, best)]
    label = found[0] if len(found) == 1 else "[" + ", ".join(map(str, found)) + "]"
    if not layout.show_weights:
        return f"class: {label}"
    weights = np.ravel(value) * tree.weighted_n_node_samples[node]
    return "weights: [" + ", ".join(f"{w:.{layout.decimals}f}" for w in weights) + f"] class: {label}"


def _levels_below(tree: Tree, top: int) -> int:
    """Nodes on the longest path from here down, this one counted."""
    deepest, stack = 1, [(top, 1)]
    while stack:
        node, depth = stack.pop()
        deepest = max(deepest, depth)
        stack.extend((branch.child, depth + 1) for branch in branches(tree, node))
    return deepest
