"""A tree as a list of rules: if … and … then …, one for each leaf.

The conditions of a path on one feature are merged: x > 1, x > 2 and x <= 5 become 2 < x <= 5, and sets of categories
are intersected. Over the rows of `fit`, with W their weight and W_l that of the leaf:

    support = W_l / W        confidence = share of the predicted class in the leaf

Exactly one rule holds for a row, in whatever order they are read. Cost: the sum of the lengths of the paths.

Course note 000 §4.2 [quinlan1993].
"""

from typing import Any, NamedTuple

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils.validation import check_is_fitted

from panlearn.tree.questions import Branch, Names, branches, names_of
from panlearn.tree.tree_structure import Tree


class Rule(NamedTuple):
    """What one leaf says.

    Examples
    --------
    >>> print(Rule(("2 < age <= 5",), "child", 0.25, 0.9, 3))
    if 2 < age <= 5 then child (support 25 %, confidence 90 %)
    """

    conditions: tuple[str, ...]  # one a feature; none for a tree that is one leaf
    prediction: Any  # label or number; a tuple of them for several outputs
    support: float  # share of the weight of fit
    confidence: float  # share of the predicted class in the leaf, the mean over several outputs; NaN in regression
    leaf: int  # number of the node, as `apply` gives it

    def __str__(self) -> str:
        """The rule as a sentence."""
        when = f"if {' and '.join(self.conditions)} then " if self.conditions else ""
        known = f", confidence {100 * self.confidence:.3g} %" if self.confidence == self.confidence else ""
        what = f"{self.prediction:.6g}" if isinstance(self.prediction, float) else self.prediction
        return f"{when}{what} (support {100 * self.support:.3g} %{known})"


class Range(NamedTuple):
    """What a path allows of one feature."""

    low: float = -np.inf  # the value is above
    high: float = np.inf  # the value is at most
    codes: frozenset[int] | None = None  # categories in these …
    outside: frozenset[int] = frozenset()  # … and not in these
    missing: bool = True  # a missing value takes this path


def extract_rules(model: Any, *, feature_names: Any = None, class_names: Any = None, decimals: int = 2) -> list[Rule]:
    """Rules of a fitted tree, of any kind.

    Parameters
    ----------
    model : estimator
        A fitted tree.
    feature_names : array-like of shape (p,), optional
        Names of the features; those of the frame that `fit` got, or "feature_0", "feature_1", …, by default.
    class_names : array-like of shape (K,), optional
        Names of the classes of a single output in the order of `classes_`, which is the default.
    decimals : int, default=2
        Digits of thresholds.

    Returns
    -------
    list of Rule
        One for each leaf, from left to right.

    Raises
    ------
    ValueError
        If the number of names is not that of the features.

    Examples
    --------
    >>> from panlearn.tree import DecisionTreeClassifier, extract_rules
    >>> model = DecisionTreeClassifier().fit([[1.0], [2.0], [3.0], [4.0]], ["a", "b", "b", "a"])
    >>> for rule in extract_rules(model, feature_names=["x"], decimals=1):
    ...     print(rule)
    if x <= 1.5 then a (support 25 %, confidence 100 %)
    if 1.5 < x <= 3.5 then b (support 50 %, confidence 100 %)
    if x > 3.5 then a (support 25 %, confidence 100 %)
    """
    check_is_fitted(model)
    tree, names, rules = model.tree_, names_of(model, feature_names), []
    stack: list[tuple[int, dict[int, Range]]] = [(0, {})]
    while stack:
        node, path = stack.pop()
        found = branches(tree, node)
        if not found:
            conditions = tuple(_words(names, j, allowed, decimals) for j, allowed in path.items())
            rules.append(_rule(model, node, conditions, class_names))
        feature = int(tree.feature[node])
        here = path.get(feature, Range())
        stack.extend((branch.child, {**path, feature: _narrowed(here, branch)}) for branch in reversed(found))
    return rules


def _rule(model: Any, leaf: int, conditions: tuple[str, ...], class_names: Any) -> Rule:
    tree: Tree = model.tree_
    value = tree.value[leaf]  # (outputs, classes)
    confidence = float("nan")
    if is_classifier(model):
        best, single = value.argmax(axis=1), tree.n_outputs == 1
        classes = [model.classes_ if class_names is None else class_names] if single else model.classes_
        found = [np.asarray(labels).tolist()[k] for labels, k in zip(classes, best)]
        confidence = float(value.max(axis=1).mean())
    else:
        found = value[:, 0].tolist()
    prediction = found[0] if len(found) == 1 else tuple(found)
    return Rule(
        conditions,
        prediction,
        float(tree.weighted_n_node_samples[leaf] / tree.weighted_n_node_samples[0]),
        confidence,
        leaf,
    )


def _narrowed(allowed: Range, branch: Branch) -> Range:
    """What is left after one more answer."""
    missing = allowed.missing and branch.missing
    if branch.relation == "<=":
        return allowed._replace(high=min(allowed.high, branch.threshold), missing=missing)
    if branch.relation == ">":
        return allowed._replace(low=max(allowed.low, branch.threshold), missing=missing)
    codes = frozenset(branch.codes.tolist())
    if branch.relation == "not in":
        if allowed.codes is not None:
            return allowed._replace(codes=allowed.codes - codes, missing=missing)
        return allowed._replace(outside=allowed.outside | codes, missing=missing)
    return allowed._replace(
        codes=(codes - allowed.outside) if allowed.codes is None else allowed.codes & codes, missing=missing
    )


def _words(names: Names, feature: int, allowed: Range, decimals: int) -> str:
    name = names.features[feature]
    codes, outside = names.known(feature, allowed.codes or ()), names.known(feature, allowed.outside)
    if len(codes) == 1:
        text = f"{name} = {names.level(feature, codes[0])}"
    elif allowed.codes is not None:
        text = f"{name} in {names.subset(feature, codes)}"
    elif allowed.outside:
        text = f"{name} not in {names.subset(feature, outside)}"
    elif allowed.low > -np.inf and allowed.high < np.inf:
        text = f"{allowed.low:.{decimals}f} < {name} <= {allowed.high:.{decimals}f}"
    elif allowed.low > -np.inf:
        text = f"{name} > {allowed.low:.{decimals}f}"
    else:
        text = f"{name} <= {allowed.high:.{decimals}f}"
    return f"({text} or missing)" if allowed.missing and names.missing[feature] else text
